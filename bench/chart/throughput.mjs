import { scaleLinear, scaleLog } from 'd3-scale';
import { line } from 'd3-shape';

/** Two panels over the same arrival rates: what comes out, and how long it takes. */
const WIDTH = 760;
const PANEL = { left: 84, right: 28, height: 220 };
const TOPS = [92, 372];
const HEIGHT = 660;

const INK = '#1f2933';
const QUIET = '#647282';
const GRID = '#e3e8ed';
const BLUE = '#1f6fb4';
const ORANGE = '#c2570c';

/**
 * The chart as SVG text. `capacity`: images a second with all of them there at once; `points`: for each arrival rate
 * (`rate`, a second) what was measured (`imagesPerSecond`, `p50` and `p95` of the latency in milliseconds).
 */
export function drawThroughput({ capacity, points, machine, setup, pictures }) {
  const most = Math.max(...points.map(({ rate }) => rate));
  const x = scaleLinear([0, most * 1.06], [PANEL.left, WIDTH - PANEL.right]).nice(8);
  const { model } = setup;
  const subtitle = `${model.id} ${model.variant}, ${pictures.meanMegapixels.toFixed(1)} megapixels to ${setup.format}; ${machine.processor}, ${machine.cores} cores`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, 'Segoe UI', Helvetica, Arial, sans-serif" font-size="13" fill="${INK}" role="img" aria-labelledby="title">
<title id="title">Throughput and latency against the arrival rate</title>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>
${text(PANEL.left, 32, 'Throughput and latency against the arrival rate', 'font-size="19" font-weight="600"')}
${text(PANEL.left, 54, xmlText(subtitle), `fill="${QUIET}"`)}
${throughputPanel(x, capacity, points)}
${latencyPanel(x, capacity, points)}
</svg>
`;
}

function throughputPanel(x, capacity, points) {
  const [top] = TOPS;
  const most = Math.max(capacity, ...points.map(({ imagesPerSecond }) => imagesPerSecond));
  const y = scaleLinear([0, most * 1.15], [top + PANEL.height, top]).nice(5);
  const end = Math.min(x.domain()[1], y.domain()[1]);
  return [
    frame({ x, y, top, ticks: y.ticks(5), format: String, title: 'Throughput, images a second' }),
    // What arrives is what leaves, up to the capacity.
    `<line x1="${x(0)}" y1="${y(0)}" x2="${at(x(end))}" y2="${at(y(end))}" stroke="${QUIET}" stroke-dasharray="2 4"/>`,
    text(x(end) + 8, y(end) + 5, 'all that arrives', `fill="${QUIET}" font-size="12"`),
    capacityLine(x, capacity, top, true),
    curve(
      points,
      ({ rate }) => x(rate),
      ({ imagesPerSecond }) => y(imagesPerSecond),
      BLUE,
    ),
  ].join('\n');
}

function latencyPanel(x, capacity, points) {
  const top = TOPS[1];
  const seconds = points.flatMap(({ p50, p95 }) => [p50 / 1000, p95 / 1000]);
  const y = scaleLog([Math.min(...seconds) * 0.8, Math.max(...seconds) * 1.25], [top + PANEL.height, top]);
  const last = points.at(-1);
  const label = (name, value, colour) =>
    text(x(last.rate) + 10, y(value / 1000) + 4, name, `fill="${colour}" font-weight="600"`);
  return [
    frame({
      x,
      y,
      top,
      ticks: roundTicks(y),
      format: String,
      title: 'Latency from arrival to stored result, seconds',
    }),
    text(
      (x.range()[0] + x.range()[1]) / 2,
      top + PANEL.height + 42,
      'Arrivals a second',
      'text-anchor="middle"',
    ),
    capacityLine(x, capacity, top, false),
    curve(
      points,
      ({ rate }) => x(rate),
      ({ p50 }) => y(p50 / 1000),
      BLUE,
    ),
    curve(
      points,
      ({ rate }) => x(rate),
      ({ p95 }) => y(p95 / 1000),
      ORANGE,
    ),
    label('p95', last.p95, ORANGE),
    label('p50', last.p50, BLUE),
  ].join('\n');
}

/** 1, 2 and 5 times the powers of ten in the range. */
function roundTicks(y) {
  const [low, high] = y.domain();
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power++) {
    for (const step of [1, 2, 5]) ticks.push(Number((step * 10 ** power).toPrecision(1)));
  }
  return ticks.filter((tick) => tick >= low && tick <= high);
}

/** Title, grid and labels of a panel. */
function frame({ x, y, top, ticks, format, title }) {
  const [left, right] = x.range();
  const bottom = top + PANEL.height;
  const rows = ticks.map(
    (tick) =>
      `<line x1="${left}" x2="${right}" y1="${at(y(tick))}" y2="${at(y(tick))}" stroke="${GRID}"/>${text(left - 10, y(tick) + 4, format(tick), `text-anchor="end" fill="${QUIET}"`)}`,
  );
  const columns = x
    .ticks(8)
    .map(
      (tick) =>
        `<line x1="${at(x(tick))}" x2="${at(x(tick))}" y1="${bottom}" y2="${bottom + 5}" stroke="${QUIET}"/>${text(x(tick), bottom + 20, String(tick), `text-anchor="middle" fill="${QUIET}"`)}`,
    );
  const axis = `<line x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}" stroke="${QUIET}"/>`;
  return [text(left, top - 12, title, 'font-weight="600"'), ...rows, ...columns, axis].join('\n');
}

function capacityLine(x, capacity, top, isNamed) {
  const across = at(x(capacity));
  const mark = `<line x1="${across}" x2="${across}" y1="${top}" y2="${top + PANEL.height}" stroke="${QUIET}" stroke-dasharray="6 4"/>`;
  if (!isNamed) return mark;
  const name = `capacity ${capacity.toFixed(2)}/s`;
  return mark + text(x(capacity) + 8, top + PANEL.height - 12, name, `fill="${QUIET}" font-size="12"`);
}

function curve(points, x, y, colour) {
  const path = line(x, y).digits(1)(points);
  const dots = points.map(
    (point) => `<circle cx="${at(x(point))}" cy="${at(y(point))}" r="4" fill="${colour}"/>`,
  );
  return [`<path d="${path}" fill="none" stroke="${colour}" stroke-width="2.5"/>`, ...dots].join('\n');
}

function text(x, y, content, attributes) {
  return `<text x="${at(x)}" y="${at(y)}" ${attributes}>${content}</text>`;
}

function at(value) {
  return Number(value.toFixed(1));
}

function xmlText(words) {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
