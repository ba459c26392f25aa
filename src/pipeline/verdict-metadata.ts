import type { Verdict } from '../image/verdict.js';

/** User metadata of pictures that are stored: `subject` or `none`, and how much speaks for a subject, 0..1. */
const VERDICT = 'clearcut-verdict';
const CONFIDENCE = 'clearcut-confidence';

export const VERDICT_METADATA: readonly string[] = [VERDICT, CONFIDENCE];

/** Decimals of confidences and shares wherever they are written. */
const VERDICT_DIGITS = 3;

export function verdictMetadata({ subject, confidence }: Verdict): Record<string, string> {
  return { [VERDICT]: subject ? 'subject' : 'none', [CONFIDENCE]: confidence.toFixed(VERDICT_DIGITS) };
}

/** A verdict as records and reports have it. */
export function describeVerdict({ subject, confidence, box, share }: Verdict) {
  return {
    subject,
    confidence: Number(confidence.toFixed(VERDICT_DIGITS)),
    share: Number(share.toFixed(VERDICT_DIGITS)),
    ...(box !== undefined && { box }),
  };
}
