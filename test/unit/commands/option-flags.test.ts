import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { addOptionFlags, optionFlagsOf } from '../../../src/commands/option-flags.js';
import { addSettings } from '../../../src/commands/settings-options.js';
import { chooseOptions } from '../../../src/options/choose.js';
import { OPTIONS } from '../../../src/options/schema.js';

async function parse(...args: string[]) {
  const command = addOptionFlags(addSettings(new Command('x'), ['inference']))
    .argument('<path...>')
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  await command.parseAsync(['a.jpg', ...args], { from: 'user' });
  return chooseOptions(optionFlagsOf(command));
}

describe('flags', () => {
  test('there is one for every option', () => {
    const flags = addOptionFlags(new Command('x')).options.map(({ long }) => long);
    expect(flags).toEqual(expect.arrayContaining(OPTIONS.map(({ name }) => `--${name}`)));
  });

  test('say the same as metadata does', async () => {
    const { picture, changed } = await parse('--bg-color', 'white', '--format', 'jpg', '--scale=80%');
    expect(picture).toMatchObject({ format: 'jpg', scale: 0.8, background: { kind: 'color' } });
    expect(changed).toEqual({ 'bg-color': 'white', format: 'jpg', scale: '80%' });
  });

  test('that are switches need no value, and may have one', async () => {
    expect((await parse('--crop')).picture.crop).toBeDefined();
    expect((await parse('--crop', 'false')).picture.crop).toBeUndefined();
    expect((await parse('--despill', 'false')).picture.decontaminate).toBe(false);
  });

  test('that begin with "no" deny nothing', async () => {
    expect((await parse('--no-subject', 'fail')).picture.noSubject).toBe('fail');
  });

  test('--option names any of them, and goes before the others', async () => {
    const { changed } = await parse('--quality', '50', '--option', 'quality=70', '--option', 'bg_color=red');
    expect(changed).toEqual({ quality: '70', 'bg-color': 'red' });
  });

  test('the preset is a setting as well, and both mean the same', async () => {
    expect((await parse('--preset', 'fast')).preset).toBe('fast');
  });

  test('that are wrong are told all at once', async () => {
    await expect(parse('--format', 'bmp', '--option', 'x=1')).rejects.toMatchObject({
      code: 'OPTIONS_INVALID',
      message: expect.stringMatching(/--option x: there is no such option; --format: expected one of/),
    });
    await expect(parse('--option', 'crop')).rejects.toThrow(/--option crop: expected name=value/);
  });
});
