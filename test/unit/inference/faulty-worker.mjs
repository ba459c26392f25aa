// The real worker, with a fault that a picture's first pixel calls for: the colours are those of faults.ts.
import { parentPort } from 'node:worker_threads';

parentPort.on('message', ({ kind, pictures }) => {
  if (kind !== 'run') return;
  for (const [red, green, blue] of pictures) {
    if (red === 1 && green === 2 && blue === 3) process.exit(7);
    if (red === 4 && green === 5 && blue === 6) for (;;);
  }
});

await import('#inference-worker');
