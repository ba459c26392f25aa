import { describe, expect, test } from 'vitest';
import { decode } from '../../../src/image/decode.js';
import { inspect } from '../../../src/image/inspect.js';
import { type DrawnFormat, drawSubject, openRaw, subjectPixels } from '../../support/draw.js';
import { expectRefusal, GENEROUS } from './measures.js';

describe('what is not an image of a supported format is named', () => {
  test.each<{ what: string; bytes: Buffer; says: string }>([
    { what: 'text (whatever its name)', bytes: Buffer.from('holiday.jpg, as promised\n'), says: 'like text' },
    { what: 'SVG', bytes: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), says: 'like SVG' },
    {
      what: 'SVG behind an XML prologue',
      bytes: Buffer.from('<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>'),
      says: 'like SVG',
    },
    { what: 'XML', bytes: Buffer.from('<?xml version="1.0"?>\n<Error/>'), says: 'like XML' },
    { what: 'HTML', bytes: Buffer.from('<!DOCTYPE html>\n<html><body>404'), says: 'like an HTML page' },
    { what: 'PDF', bytes: Buffer.from('%PDF-1.7\n1 0 obj\n'), says: 'PDF (application/pdf)' },
    { what: 'BMP', bytes: Buffer.concat([Buffer.from('BM'), Buffer.alloc(60)]), says: 'BMP (image/bmp)' },
    { what: 'zeros', bytes: Buffer.alloc(100), says: 'unknown binary data' },
    { what: 'noise', bytes: Buffer.from([0xf1, 0x82, 0xc0, 0xfe, 0x11, 0x93]), says: 'unknown binary data' },
  ])('$what', async ({ bytes, says }) => {
    await expectRefusal(inspect(bytes, GENEROUS), 'FORMAT_UNSUPPORTED', says);
  });

  test('text whose last sampled character is cut in two is still text', async () => {
    await expectRefusal(
      inspect(Buffer.from(`x${'é'.repeat(2000)}`), GENEROUS),
      'FORMAT_UNSUPPORTED',
      'like text',
    );
  });
});

test('an empty object is refused as empty', async () => {
  await expectRefusal(inspect(new Uint8Array(0), GENEROUS), 'IMAGE_EMPTY', 'empty');
});

describe('a file that ends early is corrupt, however much of it is there', () => {
  const formats: readonly DrawnFormat[] = ['jpeg', 'png', 'webp', 'avif', 'tiff', 'gif'];
  describe.each(formats)('%s', (format) => {
    test.each([0.3, 0.6, 0.98])('cut at %f', async (part) => {
      const whole = await drawSubject({ format });

      await expectRefusal(
        inspectAndDecode(whole.subarray(0, Math.floor(whole.length * part))),
        'IMAGE_CORRUPT',
        /cannot be decoded: .*[\w)]\.$/,
      );
      expect(await inspectAndDecode(whole)).toMatchObject({ width: 240, height: 160 });
    });
  });

  test('a progressive JPEG', async () => {
    const whole = await openRaw(subjectPixels()).jpeg({ progressive: true }).toBuffer();

    await expectRefusal(
      inspectAndDecode(whole.subarray(0, whole.length * 0.6)),
      'IMAGE_CORRUPT',
      'premature end of JPEG',
    );
  });

  test('a turned JPEG', async () => {
    const whole = await drawSubject({ orientation: 6 });

    await expectRefusal(
      inspectAndDecode(whole.subarray(0, whole.length * 0.6)),
      'IMAGE_CORRUPT',
      'premature end',
    );
  });
});

test('PNG data with a wrong checksum is corrupt', async () => {
  const bytes = await drawSubject({ format: 'png' });
  const middle = Math.floor(bytes.length / 2);
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 0x5a, middle);

  await expectRefusal(inspectAndDecode(bytes), 'IMAGE_CORRUPT', 'cannot be decoded');
});

async function inspectAndDecode(bytes: Uint8Array) {
  await inspect(bytes, GENEROUS);
  return await decode(bytes);
}
