import { expect, it } from 'vitest';
import { contentTypeOf, extensionOf } from '../../../src/storage/content-type.js';

it.each([
  ['cat.jpg', 'image/jpeg'],
  ['a.b/CAT.JPEG', 'image/jpeg'],
  ['cat.jpg.cutout.png', 'image/png'],
  ['records/cat.jpg.json', 'application/json'],
  ['cat', 'application/octet-stream'],
  ['folder.png/cat', 'application/octet-stream'],
  ['page.html', 'application/octet-stream'],
  ['x.constructor', 'application/octet-stream'],
])('%s is %s', (key, type) => {
  expect(contentTypeOf(key)).toBe(type);
});

it.each([
  ['image/jpeg', 'jpg'],
  ['image/tiff', 'tif'],
  ['image/avif', 'avif'],
  ['application/json', undefined],
  ['image/svg+xml', undefined],
  ['', undefined],
])('"%s" has the extension %s', (type, extension) => {
  expect(extensionOf(type)).toBe(extension);
});
