import type { Device } from '../inference/messages.js';
import { candidatesFor } from '../inference/variant-choice.js';
import { type CatalogueModel, type Preset, presetOf } from '../models/catalogue.js';
import type { Precision } from '../models/model.js';

/** What the self-test may choose from: int8 only where the preset has the calibration table that it needs. */
export function precisionsOf(model: CatalogueModel, preset: Preset, device: Device): readonly Precision[] {
  const hasTable = presetOf(model, preset).calibration !== undefined;
  return candidatesFor(device).filter((precision) => precision !== 'int8' || hasTable);
}
