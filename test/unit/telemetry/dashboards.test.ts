import { readFile } from 'node:fs/promises';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { createInstruments } from '../../../src/telemetry/metrics/instruments.js';

/** Names of series by the metrics of the registry: histograms have three. */
async function seriesOf(registry: Registry): Promise<Map<string, readonly string[]>> {
  const metrics = await registry.getMetricsAsJSON();
  return new Map(
    metrics.flatMap(({ name, type }) => {
      const labels = (registry.getSingleMetric(name) as unknown as { labelNames: string[] }).labelNames;
      const isHistogram = String(type) === 'histogram';
      const names = isHistogram ? ['_bucket', '_sum', '_count'].map((ending) => `${name}${ending}`) : [name];
      return names.map((series): [string, string[]] => [series, [...labels, ...(isHistogram ? ['le'] : [])]]);
    }),
  );
}

function registryOfService(): Registry {
  const registry = new Registry();
  createInstruments(registry);
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** The metrics in an expression of PromQL: ours and those of the process. */
function namesIn(expression: string): string[] {
  const withoutTexts = expression.replaceAll(/"[^"]*"/g, '');
  return withoutTexts.match(/\b(clearcut|process|nodejs)_[a-z0-9_]+/g) ?? [];
}

const LABELS_OF_PROMETHEUS = ['job', 'instance'];

/** Labels by which an expression groups. */
function groupsOf(expression: string): string[] {
  return [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(/,\s*/));
}

interface Dashboard {
  readonly panels: ReadonlyArray<{
    readonly title: string;
    readonly targets: ReadonlyArray<{ readonly expr: string; readonly legendFormat: string }>;
  }>;
  readonly templating: { readonly list: ReadonlyArray<{ readonly query: unknown }> };
}

const dashboard = JSON.parse(await readFile('infra/grafana/clearcut.json', 'utf8')) as Dashboard;
const shown = dashboard.panels.flatMap(({ title, targets }) =>
  targets.map(({ expr, legendFormat }) => [title, expr, legendFormat] as const),
);
const alerts = (
  parse(await readFile('infra/prometheus/alerts.yaml', 'utf8')) as {
    groups: Array<{ rules: Array<{ alert: string; expr: string; annotations: { summary: string } }> }>;
  }
).groups.flatMap(({ rules }) => rules);

describe('every metric that is named exists, with the labels that are used', () => {
  const series = seriesOf(registryOfService());

  test.each([
    ...shown,
    ...alerts.map(({ alert, expr, annotations }) => [alert, expr, annotations.summary] as const),
  ])('%s: %s', async (_, expression, text) => {
    const names = namesIn(expression);
    expect(names.length).toBeGreaterThan(0);
    const known = await series;
    expect(names.filter((name) => !known.has(name))).toEqual([]);
    const labels = new Set([...LABELS_OF_PROMETHEUS, ...names.flatMap((name) => known.get(name) ?? [])]);
    const used = [...text.matchAll(/\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}/g)].map(([, label = '']) => label);
    expect([...groupsOf(expression), ...used].filter((label) => !labels.has(label))).toEqual([]);
  });

  test('in the variables of the dashboard too', async () => {
    const names = namesIn(
      JSON.stringify(dashboard.templating.list.map(({ query }) => query)).replaceAll('"', ' '),
    );
    expect(names.length).toBeGreaterThan(0);
    const known = await series;
    expect(names.filter((name) => !known.has(name))).toEqual([]);
  });
});

test('every metric of ours is on the dashboard', async () => {
  const registry = new Registry();
  createInstruments(registry);
  const names = new Set(shown.flatMap(([, expression]) => namesIn(expression)));
  const isShown = (name: string) => ['', '_bucket', '_sum'].some((ending) => names.has(`${name}${ending}`));
  const missing = registry.getMetricsAsArray().filter(({ name }) => !isShown(name));
  expect(missing.map(({ name }) => name)).toEqual([]);
});

test('names keep to the conventions: units at the end, _total behind counters', async () => {
  const registry = new Registry();
  createInstruments(registry);
  for (const { name, type } of await registry.getMetricsAsJSON()) {
    expect(name).toMatch(/^clearcut_[a-z]+(_[a-z]+)*$/);
    expect([name, name.endsWith('_total')]).toEqual([name, String(type) === 'counter']);
    expect(name).not.toMatch(/_(ms|milliseconds|mib|percent)(_|$)/);
  }
});
