import { SingleBar } from 'cli-progress';
import type { ModelProgress } from '../models/progress.js';
import type { Logger } from '../telemetry/logger.js';

const PHASES: Record<ModelProgress['phase'], string> = {
  download: 'fetching the model',
  extract: 'unpacking the model',
  prepare: 'preparing the model',
};

const MiB = 1024 * 1024;

/** Shows the fetching of a model on stderr: a bar on a terminal, elsewhere a line for each phase and tenth. */
export function showModelProgress(): (progress: ModelProgress) => void {
  const isTerminal = process.stderr.isTTY;
  return isTerminal ? progressBar() : progressLines((line) => process.stderr.write(`${line}\n`));
}

/** The same for the log of the service. */
export function logModelProgress(logger: Logger): (progress: ModelProgress) => void {
  return progressLines((line) => logger.info(line));
}

function progressBar(): (progress: ModelProgress) => void {
  const bar = new SingleBar({
    format: '{phase} [{bar}] {percentage}% | {value}/{total} MiB',
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
  });
  let current: ModelProgress['phase'] | undefined;
  return ({ phase, doneBytes, totalBytes }) => {
    const value = Math.round(doneBytes / MiB);
    const total = Math.max(1, Math.round(totalBytes / MiB));
    if (phase === current) bar.update(value);
    else {
      if (current !== undefined) bar.stop();
      bar.start(total, value, { phase: PHASES[phase] });
    }
    current = phase;
    if (doneBytes < totalBytes) return;
    bar.stop();
    current = undefined;
  };
}

function progressLines(write: (line: string) => void): (progress: ModelProgress) => void {
  let last = '';
  return ({ phase, doneBytes, totalBytes }) => {
    const tenths = totalBytes > 0 ? Math.floor((10 * doneBytes) / totalBytes) : 0;
    const line = `${PHASES[phase]}: ${tenths * 10}% of ${Math.round(totalBytes / MiB)} MiB`;
    if (line !== last) write(line);
    last = line;
  };
}
