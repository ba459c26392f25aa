import { describe, expect, it, test } from 'vitest';
import { INPUT } from '../../../support/pipeline.js';
import { problemIn, serveApi, settleAsDead } from './serve-api.js';

async function serveDead(...keys: string[]) {
  const api = await serveApi();
  for (const key of keys) {
    await api.store.put(INPUT, key, Buffer.from('damaged'));
    await settleAsDead(api.store, key);
  }
  const page = async (query: string) =>
    (await (await api.call(`/dead-letters${query}`)).json()) as {
      items: Array<{ key: string }>;
      next?: string;
    };
  return { ...api, page };
}

describe('GET /v1/dead-letters', () => {
  it('tells of what cannot be done, and why', async () => {
    const { page } = await serveDead('a b.jpg');
    expect(await page('')).toEqual({
      items: [
        {
          key: 'a b.jpg',
          etag: expect.any(String),
          error: { code: 'IMAGE_CORRUPT', message: 'It is damaged.', remedy: 'Upload it again.' },
          attempts: 1,
          finishedAt: expect.any(String),
        },
      ],
    });
  });

  it('goes on where the page before ended', async () => {
    const { page } = await serveDead('a.jpg', 'b.jpg', 'c.jpg');
    const first = await page('?limit=2');
    expect(first.items.map(({ key }) => key)).toEqual(['a.jpg', 'b.jpg']);
    const second = await page(`?limit=2&cursor=${first.next}`);
    expect(second).toMatchObject({ items: [{ key: 'c.jpg' }] });
    expect(second.next).toBeUndefined();
  });

  test.each(['?limit=0', '?limit=501', '?limit=x', '?cursor=%', '?cursor=...'])(
    '%s is refused',
    async (query) => {
      const { call } = await serveDead();
      await problemIn(await call(`/dead-letters${query}`), 400);
    },
  );
});

describe('POST /v1/dead-letters/redrive', () => {
  it('lets the objects that are named be tried again, and tells the service', async () => {
    const { post, page, nudged } = await serveDead('a.jpg', 'b.jpg');
    const answer = await post('/dead-letters/redrive', { keys: ['b.jpg', 'alive.jpg', 'b.jpg'] });
    expect(await answer.json()).toEqual({ redriven: 1, gone: 0, notDead: ['alive.jpg'] });
    expect(nudged).toEqual(['b.jpg']);
    expect((await page('')).items.map(({ key }) => key)).toEqual(['a.jpg']);
  });

  it('takes all of them, and counts those whose object is gone', async () => {
    const { post, page, nudged, store } = await serveDead('a.jpg', 'b.jpg');
    await store.delete(INPUT, 'a.jpg');
    const answer = await post('/dead-letters/redrive', { all: true });
    expect(await answer.json()).toEqual({ redriven: 1, gone: 1, notDead: [] });
    expect(nudged).toEqual(['b.jpg']);
    expect((await page('')).items).toEqual([]);
  });

  test.each([{}, { all: false }, { keys: [] }, { keys: ['a.jpg'], all: true }, { keys: 'a.jpg' }, []])(
    '%j is refused',
    async (body) => {
      const { post, page } = await serveDead('a.jpg');
      await problemIn(await post('/dead-letters/redrive', body), 400);
      expect((await page('')).items).toHaveLength(1);
    },
  );
});

it('is for tokens of the scope `admin` alone', async () => {
  const { call } = await serveApi({ tokens: 'shop:upload+read:0123456789abcdef' });
  const headers = { authorization: 'Bearer 0123456789abcdef' };
  await problemIn(await call('/dead-letters', { headers }), 403);
});
