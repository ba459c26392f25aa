import { MessageChannel } from 'node:worker_threads';

/** What is moved to a closed port is lost, as the HTML standard has it ("message port post message steps"). */
const { port1: closed } = new MessageChannel();
closed.close();

/**
 * Gives back the memory of arrays that nobody reads any more, without waiting for the garbage collector, which comes the
 * more often the more of such memory there is. They are empty afterwards. Each must have a buffer of its own that V8
 * made: memory of native code, such as that of a Buffer of sharp's, cannot be given back.
 */
export function releaseMemory(arrays: readonly Uint8Array<ArrayBuffer>[]): void {
  closed.postMessage(undefined, [...new Set(arrays.map(({ buffer }) => buffer))]);
}
