import type { ObjectContent } from './object-store.js';

/**
 * All bytes of an object, in a buffer of their own that may be moved to another thread. They are put where they belong as
 * they come; a body longer than the store had said (not every server says) takes some copying. Throws what the body does.
 */
export async function readWhole({ head, body }: ObjectContent): Promise<Uint8Array<ArrayBuffer>> {
  let bytes = new Uint8Array(0);
  let length = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    const end = length + chunk.length;
    // Not before the first chunk: of an object that is too large there is none.
    if (end > bytes.length) bytes = enlarged(bytes, Math.max(end, length === 0 ? head.size : 2 * length));
    bytes.set(chunk, length);
    length = end;
  }
  return length === bytes.length ? bytes : bytes.slice(0, length);
}

function enlarged(bytes: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(size);
  larger.set(bytes);
  return larger;
}
