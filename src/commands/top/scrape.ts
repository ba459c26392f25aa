/** One line of a metrics page. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What a process said of itself at one moment: its samples by the names of their metrics. */
export interface Scrape {
  /** Seconds since 1970. */
  readonly time: number;
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
}

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g;

/** Reads the text format of Prometheus. What is not a sample is passed over. */
export function parseScrape(text: string, time: number): Scrape {
  const samples = new Map<string, Sample[]>();
  for (const line of text.split('\n')) {
    const [, name, labels = '', value] = LINE.exec(line) ?? [];
    const number = parseValue(value ?? '-');
    if (name === undefined || Number.isNaN(number)) continue;
    const all = samples.get(name) ?? [];
    all.push({ labels: parseLabels(labels), value: number });
    samples.set(name, all);
  }
  return { time, samples };
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [, name = '', value = ''] of text.matchAll(LABEL)) {
    labels[name] = value.replaceAll(/\\(.)/g, (_, escaped) => (escaped === 'n' ? '\n' : escaped));
  }
  return labels;
}

function parseValue(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  return text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text);
}
