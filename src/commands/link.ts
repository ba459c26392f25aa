import type { Command } from 'commander';
import ms from 'ms';
import { ClearcutError } from '../errors.js';
import { readSettlement, recordedPicture } from '../pipeline/settlement.js';
import { openStore, placeOf, STORE_SECTIONS } from './context.js';
import { addSettings, loadSettings } from './settings-options.js';
import { print, printJson } from './terminal.js';

interface Options {
  readonly upload?: boolean;
  readonly mask?: boolean;
  readonly expires?: string;
  readonly download?: boolean;
  readonly json?: boolean;
}

/** `clearcut link KEY`: a signed, expiring link. */
export function registerLink(program: Command): void {
  const command = program
    .command('link')
    .description('print a signed, expiring link to the cut-out of an object')
    .argument('<key>', 'key of the object in the input bucket')
    .option('--mask', 'print a link to the mask instead')
    .option('--upload', 'print a link for uploading the object (PUT) instead')
    .option(
      '--expires <duration>',
      'how long the link works, such as 10m or 7d (default: CLEARCUT_LINK_EXPIRY)',
    )
    .option('--download', 'make browsers save the picture instead of showing it')
    .option('--json', 'print JSON');
  addSettings(command, [...STORE_SECTIONS, 'input', 'output', 'limits']).action(async (key: string) => {
    const options = command.opts<Options>();
    // The expiry is a setting like any other, with a shorter name here.
    if (options.expires !== undefined) command.setOptionValue('linkExpiry', options.expires);
    const { config } = loadSettings(command);
    const { store } = await openStore(config);
    const expiresIn = Math.floor(config.server.linkExpiry / 1000);

    if (options.upload) {
      // S3 signs no largest size into such a link: there, what is too large becomes a dead letter.
      const limit = config.storage.kind === 's3' ? {} : { maxBytes: config.limits.maxBytes };
      const link = await store.presignPut(config.input.bucket, key, { expiresIn, ...limit });
      return options.json ? printJson(link) : print(link.url);
    }
    const place = placeOf(config, key);
    const kind = options.mask ? 'mask' : 'cutout';
    const picture = recordedPicture(await readSettlement(store, place), kind);
    if (picture === undefined) {
      const name = options.mask ? 'mask' : 'cut-out';
      throw new ClearcutError('OBJECT_NOT_FOUND', `There is no ${name} of "${key}" yet.`, {
        remedy: `See what became of it: clearcut status "${key}".`,
      });
    }
    const downloadName = picture.key.slice(picture.key.lastIndexOf('/') + 1);
    const link = await store.presignGet(place.bucket, picture.key, {
      expiresIn,
      ...(options.download && { downloadName }),
    });
    if (options.json) return printJson(link);
    print(link.url);
    if (process.stdout.isTTY) print(`works for ${ms(config.server.linkExpiry, { long: true })}`);
  });
}
