import { expect, it } from 'vitest';
import { createLinkIssuer } from '../../../../src/server/api/links.js';
import { problemIn, serveApi, settleAsResult } from './serve-api.js';

it('links to a result and to an upload, for as long as is asked for', async () => {
  const { post, store } = await serveApi();
  await store.put('uploads', 'a b.png', Buffer.from('picture'));
  await settleAsResult(store, 'a b.png');
  const response = await post('/links', { key: 'a b.png', expiresIn: 120 });
  expect(response.status).toBe(201);
  const { url, expiresAt } = (await response.json()) as { url: string; expiresAt: string };
  expect(await (await fetch(url)).text()).toMatch(/^cut-out of/);
  expect(Math.abs(Date.parse(expiresAt) - Date.now() - 120_000)).toBeLessThan(30_000);
  const source = (await (await post('/links', { key: 'a b.png', kind: 'source' })).json()) as { url: string };
  expect(await (await fetch(source.url)).text()).toBe('picture');
});

it('has none to what is not there', async () => {
  const { post, store } = await serveApi();
  await problemIn(await post('/links', { key: 'absent.png' }), 404);
  await store.put('uploads', 'a.png', Buffer.from('picture'));
  await problemIn(await post('/links', { key: 'a.png' }), 404);
  await settleAsResult(store, 'a.png');
  await problemIn(await post('/links', { key: 'a.png', kind: 'mask' }), 404);
  await problemIn(await post('/links', { key: 'half.tmp', kind: 'source' }), 404);
  await problemIn(await post('/links', { key: 'a.png', kind: 'record' }), 400);
});

it('gives a young link again, and a new one for a new version', async () => {
  const { store } = await serveApi();
  let issued = 0;
  const links = createLinkIssuer(
    {
      ...store,
      presignGet: (...call) => {
        issued += 1;
        return store.presignGet(...call);
      },
    },
    600,
  );
  const link = await links.linkTo('uploads', 'a.png', 'one');
  expect(await links.linkTo('uploads', 'a.png', 'one')).toBe(link);
  await links.linkTo('uploads', 'a.png', 'two');
  expect(issued).toBe(2);
});
