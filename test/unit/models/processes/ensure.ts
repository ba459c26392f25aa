import { ensureModel } from '../../../../src/models/prepare.js';

/** Says that it starts, ensures the first model of the catalogue given as JSON, and prints what came of it. */
const [cacheDir = '', catalogueJson = '[]'] = process.argv.slice(2);
const catalogue = JSON.parse(catalogueJson);
process.stdout.write('started\n');
const model = await ensureModel({
  id: catalogue[0].id,
  cacheDir,
  sourceUrl: '',
  preset: 'quality',
  precision: 'fp32',
  maxSide: 2048,
  catalogue,
  onProgress: () => {},
});
process.stdout.write(`${JSON.stringify(model)}\n`);
