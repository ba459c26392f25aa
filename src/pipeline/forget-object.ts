import { announcing } from './outcome-listener.js';
import { type Outcome, type Pipeline, processObject, type Task } from './process-object.js';
import { removeSettlement } from './settlement.js';

const FORGOTTEN: Outcome = { kind: 'removed' };
const GONE: Outcome = { kind: 'skipped', reason: 'gone' };

/**
 * Removes the outcome of an input that was removed. The event may be late: where the object exists, it is news of an
 * object like any other. Looking once more after the removal closes the gap in which a new version arrives while we
 * delete: we may have taken what another process had just written for it, so it is looked after here.
 */
export async function forgetObject(task: Task, pipeline: Pipeline): Promise<Outcome> {
  const { store, accepts, placeOf, outcomes } = pipeline;
  if (!accepts(task.bucket, task.key)) return { kind: 'skipped', reason: 'filtered' };
  const exists = async () => (await store.head(task.bucket, task.key)) !== undefined;

  if (await exists()) return processObject(task, pipeline);
  const forgotten = await announcing(outcomes, task.trace?.traceparent(), async (announce) => {
    const hadOutcome = await removeSettlement(store, placeOf(task.key), (etag) =>
      announce({
        kind: 'removed',
        removed: {
          status: 'removed',
          source: { bucket: task.bucket, key: task.key, etag },
          finishedAt: new Date().toISOString(),
        },
      }),
    );
    return hadOutcome ? FORGOTTEN : GONE;
  });
  if (await exists()) return processObject(task, pipeline);
  return forgotten;
}
