// Server-sent events read with fetch: EventSource can send no token.

/**
 * @typedef {{ type: string, data: string, id: string }} StreamEvent
 */

/**
 * Takes the text of a stream piece by piece, wherever it is cut, and returns the events that are complete.
 * After the HTML standard, section 9.2; comments, which keep the connection alive, are passed over.
 */
export function createEventParser() {
  let rest = '';
  let type = '';
  let id = '';
  /** @type {string[]} */
  let data = [];

  /**
   * @param {string} line
   * @returns {StreamEvent | undefined}
   */
  function take(line) {
    if (line === '') {
      const event = data.length === 0 ? undefined : { type: type || 'message', data: data.join('\n'), id };
      type = '';
      data = [];
      return event;
    }
    const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === 'event') type = value;
    else if (field === 'data') data.push(value);
    else if (field === 'id') id = value;
    return undefined;
  }

  return {
    /**
     * @param {string} text
     * @returns {StreamEvent[]}
     */
    push(text) {
      // A carriage return at the end may be the first half of a line's end.
      const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? '';
      return lines.map(take).filter((event) => event !== undefined);
    },
  };
}

/**
 * The events of an answer, as they come; ends with the answer, throws where the connection breaks.
 * @param {Response} answer
 * @returns {AsyncGenerator<StreamEvent>}
 */
export async function* eventsOf(answer) {
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (reader === undefined) return;
  const parser = createEventParser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.push(value);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
