import { type Outcome, type Pipeline, processObject, type Task } from './process-object.js';
import { removeSettlement } from './settlement.js';

/**
 * Removes the outcome of an input that was removed. The event may be late: where the object exists, it is news of an
 * object like any other. Looking once more after the removal closes the gap in which a new version arrives while we
 * delete: we may have taken what another process had just written for it, so it is looked after here.
 */
export async function forgetObject(task: Task, pipeline: Pipeline): Promise<Outcome> {
  const { store, accepts, placeOf } = pipeline;
  if (!accepts(task.bucket, task.key)) return { kind: 'skipped', reason: 'filtered' };
  const exists = async () => (await store.head(task.bucket, task.key)) !== undefined;

  if (await exists()) return processObject(task, pipeline);
  const hadOutcome = await removeSettlement(store, placeOf(task.key));
  if (await exists()) return processObject(task, pipeline);
  return hadOutcome ? { kind: 'removed' } : { kind: 'skipped', reason: 'gone' };
}
