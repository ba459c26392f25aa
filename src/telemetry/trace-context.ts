/** W3C Trace Context in the shape that passes through messages: `00-<trace>-<parent>-<flags>`. */

const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The text where it is a traceparent of version 00; undefined for all else, which must not be passed on. */
export function traceparentOf(text: string | undefined): string | undefined {
  return text !== undefined && TRACEPARENT.test(text) ? text : undefined;
}

/** What AWS X-Ray writes (`Root=1-5759e988-bd86...;Parent=53995c3f42cd8ad8;Sampled=1`), as a traceparent. */
export function traceparentOfXRay(header: string | undefined): string | undefined {
  const fields = new Map(
    (header ?? '').split(';').map((field) => field.trim().split('=', 2) as [string, string]),
  );
  const [, time, unique] = /^1-([0-9a-f]{8})-([0-9a-f]{24})$/.exec(fields.get('Root') ?? '') ?? [];
  const flags = fields.get('Sampled') === '1' ? '01' : '00';
  return traceparentOf(`00-${time}${unique}-${fields.get('Parent')}-${flags}`);
}
