/** How long a client would wait for a result; the header `Prefer` by RFC 7240, as far as it is about that. */
export interface WaitPreference {
  /** Seconds, 0 or more; undefined where the client says nothing of it. */
  readonly seconds: number | undefined;
  /** The preferences as they are honoured, for the header `Preference-Applied`. */
  readonly applied: readonly string[];
}

/**
 * `wait=N` asks for the result within N seconds, `respond-async` for an answer at once, and both for an answer at once
 * only after N seconds (RFC 7240, 4.3). What is not understood is ignored, and of one that is there twice the first
 * counts, as the RFC has it. `max`: the most seconds that anybody waits.
 */
export function waitPreferenceOf(header: string | undefined, max: number): WaitPreference {
  const preferences = new Map<string, string>();
  for (const part of splitOutsideQuotes(header ?? '')) {
    const [preference = ''] = part.split(';', 1);
    const [name = '', value = ''] = preference.split('=', 2).map((text) => text.trim());
    if (!preferences.has(name.toLowerCase()))
      preferences.set(name.toLowerCase(), value.replace(/^"([^"]*)"$/, '$1'));
  }
  const wait = preferences.get('wait') ?? '';
  const isAsync = preferences.get('respond-async') === '';
  const seconds = /^\d{1,9}$/.test(wait) ? Math.min(Number(wait), max) : undefined;
  return {
    seconds: seconds ?? (isAsync ? 0 : undefined),
    applied: [...(isAsync ? ['respond-async'] : []), ...(seconds === undefined ? [] : [`wait=${seconds}`])],
  };
}

/** At commas, as lists in headers are; several headers of one name arrive joined by them. Parameters mean nothing here. */
function splitOutsideQuotes(header: string): string[] {
  return header.match(/(?:"[^"]*"|[^",])+/g) ?? [];
}
