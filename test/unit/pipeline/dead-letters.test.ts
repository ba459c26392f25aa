import { expect, test } from 'vitest';
import { ClearcutError } from '../../../src/errors.js';
import { type DeadLetterArea, listDeadLetters } from '../../../src/pipeline/dead-letters.js';
import { buryObject } from '../../../src/pipeline/process-object.js';
import { createTestPipeline, INPUT, OUTPUT, placeOf } from '../../support/pipeline.js';

/** Dead letters of these inputs, and two files among them that are none of this service's. */
async function buried(...keys: string[]): Promise<DeadLetterArea> {
  const { pipeline, store, upload } = await createTestPipeline();
  for (const key of keys) {
    await upload(key, Buffer.from('no picture'));
    const error = new ClearcutError('FORMAT_UNSUPPORTED', 'This is no picture.');
    await buryObject({ bucket: INPUT, key, attempt: 1 }, error, pipeline);
  }
  const { body } = await store.get(OUTPUT, placeOf(keys[0] ?? '').deadLetterKey);
  await store.put(OUTPUT, 'dead-letters/a-copy.json', body);
  await store.put(OUTPUT, 'dead-letters/readme.txt', Buffer.from('not a dead letter'));
  return { store, inputBucket: INPUT, outputBucket: OUTPUT, prefix: 'dead-letters/', placeOf };
}

test('pages hold every dead letter once, whatever lies among them', async () => {
  const keys = ['a b.jpg', 'c.jpg', 'folder/ä%.jpg', 'z.jpg'];
  const area = await buried(...keys);
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await listDeadLetters(area, 2, cursor);
    expect(page.letters.length).toBeLessThanOrEqual(2);
    found.push(...page.letters.map(({ source }) => source.key));
    cursor = page.next;
  } while (cursor !== undefined);
  expect(found).toEqual(keys);
});

test('a page that holds all of them is the last', async () => {
  const area = await buried('a.jpg');
  expect(await listDeadLetters(area, 3)).toMatchObject({
    letters: [{ error: { code: 'FORMAT_UNSUPPORTED' }, attempts: 1 }],
    next: undefined,
  });
});

test.each(['', '%', 'a b', '_w', 'YQ=='])('the cursor "%s" is refused', async (cursor) => {
  const area = await buried('a.jpg');
  await expect(listDeadLetters(area, 1, cursor)).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
});
