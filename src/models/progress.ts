/** How far fetching and preparing a model has come. */
export interface ModelProgress {
  readonly phase: 'download' | 'extract' | 'prepare';
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export type OnProgress = (progress: ModelProgress) => void;
