import { describe, expect, it } from 'vitest';
import { createEventParser, eventsOf } from '../../../web/ui/event-stream.js';

const TEXT = [
  ': hello\n\n',
  'id: 1\nevent: file\ndata: {"name":"Übung: eins"}\n\n',
  'event: note\r\ndata:one\r\ndata: two\r\n\r\n',
  'id: 3\rdata: plain\r\r',
  'event: ignored because it has no data\n\n',
  'event: end\ndata\n\n',
].join('');

const EVENTS = [
  { id: '1', type: 'file', data: '{"name":"Übung: eins"}' },
  { id: '1', type: 'note', data: 'one\ntwo' },
  { id: '3', type: 'message', data: 'plain' },
  { id: '3', type: 'end', data: '' },
];

describe('the parser of server-sent events', () => {
  it('takes a stream in one piece', () => {
    expect(createEventParser().push(TEXT)).toEqual(EVENTS);
  });

  it.each([1, 2, 3, 7])('takes a stream in pieces of %i characters', (length) => {
    const parser = createEventParser();
    const pieces = TEXT.match(new RegExp(`[\\s\\S]{1,${length}}`, 'g')) ?? [];
    expect(pieces.flatMap((piece) => parser.push(piece))).toEqual(EVENTS);
  });

  it('holds back an event that is not complete', () => {
    const parser = createEventParser();
    expect(parser.push('data: half')).toEqual([]);
    expect(parser.push('\n')).toEqual([]);
    expect(parser.push('\n')).toEqual([{ id: '', type: 'message', data: 'half' }]);
  });
});

describe('the events of an answer', () => {
  it('come through characters that are cut in two', async () => {
    const bytes = new TextEncoder().encode(TEXT);
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    const events = [];
    for await (const event of eventsOf(new Response(body))) events.push(event);
    expect(events).toEqual(EVENTS);
  });

  it('break where the connection does', async () => {
    const body = new ReadableStream({ start: (controller) => controller.error(new Error('cut off')) });
    await expect(eventsOf(new Response(body)).next()).rejects.toThrow('cut off');
  });
});
