/** What calibration found of one value of the network, averaged over the photographs. */
export interface ActivationStats {
  /** The smallest and the largest number of a photograph's value. */
  readonly min: number;
  readonly max: number;
  /** Of each channel. */
  readonly mean: readonly number[];
}

/** By the value's name (see nameValues). */
export type StatsByValue = ReadonlyMap<string, ActivationStats>;
