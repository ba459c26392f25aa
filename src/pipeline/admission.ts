import { Semaphore } from 'async-mutex';

/**
 * Admission keeps the memory of the pictures in flight within a budget, whatever the size of the burst. A picture
 * asks twice: for the bytes of its file before they are fetched, and for the memory of its pixels once its header
 * is known. The two come from separate shares, so that files waiting for pixels can never block the pictures that
 * would give pixels back. First come, first served: a large picture is not overtaken for ever by small ones.
 */
export interface Admission {
  /** Resolves once `bytes` of files fit; call the result to give them back. */
  admitFile(bytes: number): Promise<Release>;
  /** Resolves once `bytes` of decoded pictures fit; call the result to give them back. */
  admitPixels(bytes: number): Promise<Release>;
  readonly usage: () => { readonly files: ShareUsage; readonly pixels: ShareUsage };
}

/** Bytes, in steps of 1 MiB. */
export interface ShareUsage {
  readonly used: number;
  readonly total: number;
}

export type Release = () => void;

const FILE_SHARE = 1 / 4;
/** Bytes are counted in these: the semaphore's work grows with the size of its numbers. */
const UNIT = 1024 * 1024;

/** `memory`: bytes for both shares together. A picture larger than its share takes all of it, so it goes alone. */
export function createAdmission(memory: number): Admission {
  const files = share(memory * FILE_SHARE);
  const pixels = share(memory * (1 - FILE_SHARE));
  return {
    admitFile: files.admit,
    admitPixels: pixels.admit,
    usage: () => ({ files: files.usage(), pixels: pixels.usage() }),
  };
}

function share(bytes: number) {
  const total = Math.max(1, Math.floor(bytes / UNIT));
  const semaphore = new Semaphore(total);
  return {
    async admit(wanted: number): Promise<Release> {
      const weight = Math.max(1, Math.min(Math.ceil(wanted / UNIT), total));
      const [, release] = await semaphore.acquire(weight);
      return release;
    },
    usage: (): ShareUsage => ({ used: (total - semaphore.getValue()) * UNIT, total: total * UNIT }),
  };
}
