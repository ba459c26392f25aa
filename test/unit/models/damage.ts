import { open } from 'node:fs/promises';

/** Turns one bit in the middle of a file, as a failing disk might. */
export async function damage(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    const middle = Math.floor((await handle.stat()).size / 2);
    const byte = Buffer.alloc(1);
    await handle.read(byte, 0, 1, middle);
    byte[0] = (byte[0] ?? 0) ^ 1;
    await handle.write(byte, 0, 1, middle);
  } finally {
    await handle.close();
  }
}
