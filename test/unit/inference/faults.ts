import { fileURLToPath } from 'node:url';
import type { Rgb } from '../../support/draw.js';

/** A worker that really crashes or hangs when a picture asks for it, else is the real one. */
export const FAULTY_WORKER = fileURLToPath(new URL('faulty-worker.mjs', import.meta.url));

/** Colours that make the faulty worker exit, or never answer. */
export const CRASH: Rgb = [1, 2, 3];
export const HANG: Rgb = [4, 5, 6];

/** The real worker, made slow: each batch takes 40 ms more, however many pictures it has. */
export const SLOW_WORKER = fileURLToPath(new URL('slow-worker.mjs', import.meta.url));
