import type { ResultRecord } from '../../pipeline/result-record.js';
import type { FileStatus } from './file-state.js';
import type { LinkIssuer } from './links.js';
import type { File } from './schemas.js';

type RecordedPicture = Omit<ResultRecord['output'], 'kind'>;

/** A file that answers speak of. */
export interface NamedFile {
  readonly key: string;
  /** As its uploader calls it. */
  readonly name: string;
}

/** Where a file stands, as answers show it: with links to what there is. */
export async function describeFile(
  { key, name }: NamedFile,
  { state, input, outcome }: FileStatus,
  inputBucket: string,
  links: LinkIssuer,
): Promise<File> {
  if (input === undefined) return { key, name, state };
  const uploaded = { size: input.size, uploadedAt: input.lastModified.toISOString() };
  const source = await links.linkTo(inputBucket, key, input.etag);
  if (outcome?.kind === 'dead-letter') {
    const { code, message, remedy } = outcome.deadLetter.error;
    return { key, name, state, ...uploaded, source, error: { code, message, remedy } };
  }
  if (outcome?.kind !== 'result') return { key, name, state, ...uploaded, source };
  const { output, mask, subject, verdict } = outcome.record;
  const picture = async ({ bucket, key, etag, contentType, size, width, height }: RecordedPicture) => ({
    ...(await links.linkTo(bucket, key, etag)),
    contentType,
    size,
    width,
    height,
  });
  return {
    key,
    name,
    state,
    ...uploaded,
    source,
    result: {
      ...(await picture(output)),
      kind: output.kind,
      ...(subject !== undefined && { box: subject }),
      verdict: {
        subject: verdict.subject,
        confidence: verdict.confidence,
        share: verdict.share,
        ...(verdict.box !== undefined && { box: verdict.box }),
      },
    },
    ...(mask !== undefined && { mask: await picture(mask) }),
  };
}
