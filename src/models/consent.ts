import { ClearcutError } from '../errors.js';
import type { CatalogueModel } from './catalogue.js';

/**
 * Lets nobody fetch or use a model by mistake whose licence forbids commercial use. `accepted`: the ids of the models
 * whose terms the user says to keep. Throws MODEL_LICENCE_NOT_ACCEPTED.
 */
export function requireConsent(
  { id, name, licence, homepage, nonCommercial }: CatalogueModel,
  accepted: readonly string[] = [],
): void {
  if (!nonCommercial || accepted.includes(id)) return;
  throw new ClearcutError(
    'MODEL_LICENCE_NOT_ACCEPTED',
    `The weights of ${name} (${id}) are under ${licence}: they may not be used commercially. Terms: ${homepage}.`,
    {
      remedy: `If that suits you, set CLEARCUT_ACCEPT_NON_COMMERCIAL=${id} (or --accept-non-commercial ${id}); else choose another model.`,
    },
  );
}
