import { fileURLToPath } from 'node:url';
import type { Rgb } from '../../support/draw.js';

/** A worker that really crashes or hangs when a picture asks for it, else is the real one. */
export const FAULTY_WORKER = fileURLToPath(new URL('faulty-worker.mjs', import.meta.url));

/** Colours that make the faulty worker exit, or never answer. */
export const CRASH: Rgb = [1, 2, 3];
export const HANG: Rgb = [4, 5, 6];

/** A worker whose runtime fails as those of GPUs do, else is the real one. It says on which GPU it was started. */
export const FAULTY_RUNTIME = fileURLToPath(new URL('faulty-runtime-worker.mjs', import.meta.url));

/** Colours that make the faulty runtime refuse the batch, or lose its device. */
export const REFUSE: Rgb = [7, 8, 9];
export const LOSE: Rgb = [10, 11, 12];
/** Ids of models that the faulty runtime gives values for which are no numbers, or crashes on. */
export const NO_NUMBERS = 'no-numbers';
export const DEADLY = 'deadly';
/** The faulty runtime has no memory for more pictures. */
export const MEMORY_FOR = 3;

/** The real worker, made slow: each batch takes 40 ms more, however many pictures it has. */
export const SLOW_WORKER = fileURLToPath(new URL('slow-worker.mjs', import.meta.url));
