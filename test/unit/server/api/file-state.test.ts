import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { DeadLetter, ResultRecord } from '../../../../src/pipeline/result-record.js';
import { type Evidence, type FileOutcome, statusOf } from '../../../../src/server/api/file-state.js';
import { changedSince, snapshotOf } from '../../../../src/server/api/snapshot.js';

/** What a status goes by, of the two documents. */
const outcome = (kind: 'result' | 'dead-letter', etag: string, finishedAt: string): FileOutcome =>
  kind === 'result'
    ? { kind, record: { source: { etag }, finishedAt } as ResultRecord }
    : { kind, deadLetter: { source: { etag }, finishedAt } as DeadLetter };

const etags = fc.constantFrom('one', 'two', 'three');
const evidence: fc.Arbitrary<Evidence> = fc.record({
  input: fc.option(
    fc.record({ etag: etags, size: fc.nat(), lastModified: fc.date({ noInvalidDate: true }) }),
    {
      nil: undefined,
    },
  ),
  outcome: fc.option(
    fc
      .tuple(fc.constantFrom('result' as const, 'dead-letter' as const), etags, fc.constantFrom('1', '2'))
      .map((all) => outcome(...all)),
    { nil: undefined },
  ),
  isInHand: fc.boolean(),
});

it('shows an outcome of the version that is there, and of no other', () => {
  fc.assert(
    fc.property(evidence, (seen) => {
      const { state, outcome } = statusOf(seen);
      const source =
        seen.outcome?.kind === 'result' ? seen.outcome.record.source : seen.outcome?.deadLetter.source;
      const isOfInput = seen.input !== undefined && source?.etag === seen.input.etag;
      expect(outcome).toBe(isOfInput ? seen.outcome : undefined);
      expect(state === 'done' || state === 'failed').toBe(isOfInput);
    }),
  );
});

it.each([
  ['waiting', { input: undefined, outcome: undefined, isInHand: true }],
  ['pending', { input: { etag: 'one' }, outcome: undefined, isInHand: false }],
  ['processing', { input: { etag: 'one' }, outcome: undefined, isInHand: true }],
  ['processing', { input: { etag: 'one' }, outcome: outcome('result', 'two', '1'), isInHand: true }],
  ['done', { input: { etag: 'one' }, outcome: outcome('result', 'one', '1'), isInHand: true }],
  ['failed', { input: { etag: 'one' }, outcome: outcome('dead-letter', 'one', '1'), isInHand: false }],
])('is %s', (state, seen) => {
  expect(statusOf(seen as Evidence).state).toBe(state);
});

it('has one version for what looks the same, and marks just the files that changed', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(evidence, evidence), { minLength: 1, maxLength: 20 }), (pairs) => {
      const files = pairs.map((_, at) => ({ key: `${at}`, name: `${at}` }));
      const before = snapshotOf(
        files,
        pairs.map(([seen]) => statusOf(seen)),
      );
      const after = snapshotOf(
        files,
        pairs.map(([, seen]) => statusOf(seen)),
      );
      const changed = pairs.flatMap(([one, other], at) => (looks(one) === looks(other) ? [] : [at]));
      expect(changedSince(before.marks, after)).toEqual(changed);
      expect(before.version === after.version).toBe(changed.length === 0);
      expect(changedSince(undefined, after)).toEqual(files.map((_, at) => at));
      expect(changedSince(Buffer.alloc(3), after)).toEqual(files.map((_, at) => at));
    }),
  );
});

function looks(seen: Evidence): string {
  const { state, input, outcome } = statusOf(seen);
  const finishedAt = outcome?.kind === 'result' ? outcome.record.finishedAt : outcome?.deadLetter.finishedAt;
  return [state, input?.etag, finishedAt].join();
}
