import { ClearcutError } from '../errors.js';
import type { ModelMatte } from './cutout.js';
import type { PictureOptions } from './options.js';
import type { Verdict } from './verdict.js';

/**
 * What becomes of the matte of a picture without a subject: `keep` leaves what the model faintly saw, `empty` leaves
 * nothing, `fail` throws NO_SUBJECT. Where there is a subject the matte is left alone.
 */
export function applyVerdict(
  matte: ModelMatte,
  { subject, confidence }: Verdict,
  policy: PictureOptions['noSubject'],
): ModelMatte {
  if (subject || policy === 'keep') return matte;
  if (policy === 'empty') return { ...matte, data: new Uint8Array(matte.data.length), coverage: 0 };
  throw new ClearcutError(
    'NO_SUBJECT',
    `The picture shows no subject (confidence ${confidence.toFixed(2)}; 0.50 is needed).`,
  );
}
