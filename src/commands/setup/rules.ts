import { isDeepStrictEqual } from 'node:util';

/** What a rule of a bucket that is ours is called; all others belong to somebody else and stay as they are. */
export const RULE_ID = 'clearcut';
/** Where there has to be a second one: that of the masks. */
export const MASK_RULE_ID = 'clearcut-masks';

/**
 * The rules of a bucket with ours as they are wanted, and whether that differs from what is there. `normalise` takes out what servers write differently from what they were given.
 */
export function reconcile<Rule>(
  current: readonly Rule[],
  wanted: readonly Rule[],
  idOf: (rule: Rule) => string | undefined,
  normalise: (rule: Rule) => unknown,
): { readonly isChanged: boolean; readonly rules: Rule[] } {
  const isOurs = (rule: Rule) => [RULE_ID, MASK_RULE_ID].includes(idOf(rule) ?? '');
  const ours = current.filter(isOurs);
  const foreign = current.filter((rule) => !isOurs(rule));
  const isSame =
    ours.length === wanted.length &&
    wanted.every((rule) => ours.some((other) => isDeepStrictEqual(normalise(other), normalise(rule))));
  return { isChanged: !isSame, rules: isSame ? [...current] : [...foreign, ...wanted] };
}
