import { isDeepStrictEqual } from 'node:util';

/** What every rule of a bucket that is ours is called; all others belong to somebody else and stay as they are. */
export const RULE_ID = 'clearcut';

/**
 * The rules of a bucket with ours as it is wanted (`undefined`: none of ours), and whether that differs from what is
 * there. `normalise` takes out what servers write differently from what they were given.
 */
export function reconcile<Rule>(
  current: readonly Rule[],
  wanted: Rule | undefined,
  idOf: (rule: Rule) => string | undefined,
  normalise: (rule: Rule) => unknown,
): { readonly isChanged: boolean; readonly rules: Rule[] } {
  const ours = current.filter((rule) => idOf(rule) === RULE_ID);
  const foreign = current.filter((rule) => idOf(rule) !== RULE_ID);
  const expected = wanted === undefined ? [] : [wanted];
  const isChanged = !isDeepStrictEqual(ours.map(normalise), expected.map(normalise));
  return { isChanged, rules: isChanged ? [...foreign, ...expected] : [...current] };
}
