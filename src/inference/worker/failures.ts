/**
 * What a message of the runtime means for what comes next:
 * - `out-of-memory`: a smaller batch may do;
 * - `device-lost`: the session is of no more use, and neither is any other in this thread: the worker must end;
 * - `other`: perhaps one picture's fault.
 */
export type FailureKind = 'out-of-memory' | 'device-lost' | 'other';

/** Direct3D 12 says 8007000E (E_OUTOFMEMORY) or 887A0005 to 887A0007 (device removed, hung, reset). */
const OUT_OF_MEMORY =
  /out[ _-]?of[ _-]?(device[ _-]|host[ _-])?memory|failed to allocate (memory|device memory)|available memory of \d+ is smaller than requested|bfcarena|bad[ _]alloc|CUDA_ERROR_OUT_OF_MEMORY|CUBLAS_STATUS_ALLOC_FAILED|CUDNN_STATUS_ALLOC_FAILED|8007000E/i;

/** CUDA keeps failing with these errors until the process ends or the context is made anew. */
const DEVICE_LOST =
  /device\b.{0,40}?\b(lost|removed|hung)\b|DEVICE_LOST|DEVICE_(REMOVED|HUNG|RESET)|887A000[567]|illegal memory access|illegal address|misaligned address|unspecified launch failure|device-side assert|CUDA failure 7(00|02|1\d)\b|uncorrectable ECC/i;

export function failureKind(message: string): FailureKind {
  // A lost device often says that it was lost for want of memory: the session is gone all the same.
  if (DEVICE_LOST.test(message)) return 'device-lost';
  return OUT_OF_MEMORY.test(message) ? 'out-of-memory' : 'other';
}
