import { describe, expect, it } from 'vitest';
import { createApi } from '../../../web/ui/api.js';

/** The API behind answers that are given, and somebody who knows these tokens when asked. */
function openApi(answers: Array<Response | Error>, known: string[] = []) {
  const requests: Array<{ url: string; init: RequestInit }> = [];
  const asked: boolean[] = [];
  let token: string | undefined;
  const api = createApi({
    base: 'https://service.example/below/',
    tokens: {
      current: () => token,
      ask: async (wasRefused) => {
        asked.push(wasRefused);
        token = known.shift() ?? token;
        return token;
      },
    },
    fetch: async (url, init = {}) => {
      requests.push({ url: String(url), init });
      const answer = answers.shift() ?? new Error('no answer is left');
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  return { api, requests, asked };
}

const refused = () =>
  Response.json({ detail: 'The token is missing or wrong.', remedy: 'Send one.' }, { status: 401 });

describe('the client of the API', () => {
  it('describes the files of a batch, below the address of the page', async () => {
    const issued = { batch: 'b', files: [] };
    const { api, requests } = openApi([Response.json(issued, { status: 201 })]);
    const files = [new File(['abc'], 'a.jpg', { type: 'image/jpeg' }), new File(['d'], 'b.heic')];
    expect(await api.createUploads(files, { crop: 'true' })).toEqual(issued);
    expect(requests[0]?.url).toBe('https://service.example/below/v1/uploads');
    expect(JSON.parse(String(requests[0]?.init.body))).toEqual({
      files: [
        { name: 'a.jpg', size: 3, type: 'image/jpeg', options: { crop: 'true' } },
        { name: 'b.heic', size: 1, options: { crop: 'true' } },
      ],
    });
    expect(api.zipUrl('b')).toBe('https://service.example/below/v1/batches/b/zip');
  });

  it('asks for a token where one is wanted, again where it is wrong, and sends it from then on', async () => {
    const { api, requests, asked } = openApi(
      [refused(), refused(), Response.json({}), Response.json({})],
      ['wrong', 'right'],
    );
    await api.batch('b');
    await api.batch('b');
    expect(asked).toEqual([false, true]);
    const sent = requests.map(({ init }) => (init.headers as Record<string, string>)['authorization']);
    expect(sent).toEqual([undefined, 'Bearer wrong', 'Bearer right', 'Bearer right']);
  });

  it('gives up where nobody knows a token', async () => {
    const { api } = openApi([refused()]);
    await expect(api.batch('b')).rejects.toMatchObject({ status: 401, remedy: 'Send one.' });
  });

  it('says so where nothing answers', async () => {
    const { api } = openApi([new TypeError('Failed to fetch')]);
    await expect(api.batch('b')).rejects.toMatchObject({ message: 'The service does not answer.' });
  });

  it('opens a stream where the last one ended', async () => {
    const { api, requests } = openApi([new Response('id: 5\nevent: end\ndata: {}\n\n')]);
    const events = [];
    for await (const event of api.events('b', '4', new AbortController().signal)) events.push(event);
    expect(events).toEqual([{ id: '5', type: 'end', data: '{}' }]);
    expect(requests[0]?.init.headers).toMatchObject({ 'last-event-id': '4', accept: 'text/event-stream' });
  });
});
