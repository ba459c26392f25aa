import { describe, expect, it } from 'vitest';
import { chooseOptions } from '../../../src/options/choose.js';
import { createLayer } from '../../../src/options/layers.js';
import { type Choices, contradictionIn, optionsOf, summaryOf } from '../../../web/ui/options.js';

const UNTOUCHED: Choices = {
  format: '',
  quality: 90,
  background: '',
  colour: '#ffffff',
  crop: false,
  margin: 5,
  shadow: false,
  shadowOpacity: 50,
  output: '',
  maxSide: '',
};
const EVERYTHING: Choices = {
  ...UNTOUCHED,
  format: 'webp',
  background: 'colour',
  colour: '#ffcc00',
  crop: true,
  shadow: true,
  output: 'both',
  maxSide: '800',
};

describe('the options of the panel', () => {
  it('are none where nothing was touched', () => {
    expect(optionsOf(UNTOUCHED)).toEqual({});
    expect(summaryOf(UNTOUCHED)).toBe('as the service is set');
  });

  it('are those that were chosen, in words that the service takes', () => {
    expect(optionsOf(EVERYTHING)).toEqual({
      format: 'webp',
      quality: '90',
      'bg-color': '#ffcc00',
      crop: 'true',
      'crop-margin': '5%',
      'add-shadow': 'true',
      'shadow-opacity': '50',
      output: 'both',
      'max-side': '800',
    });
    expect(() => chooseOptions([createLayer(optionsOf(EVERYTHING), (name) => name)])).not.toThrow();
    expect(summaryOf(EVERYTHING)).toBe('WebP, background #ffcc00, cropped, with shadow, with mask');
  });

  it.each(['png', 'webp', 'avif', 'jpg', 'auto'])('are valid for %s on a colour', (format) => {
    const options = optionsOf({ ...EVERYTHING, format });
    expect(() => chooseOptions([createLayer(options, (name) => name)])).not.toThrow();
  });

  it('contradict each other where a JPEG is to be transparent, as the service finds too', () => {
    const choices = { ...UNTOUCHED, format: 'jpg', background: 'none' };
    expect(contradictionIn(choices)).toContain('JPEG');
    expect(() => chooseOptions([createLayer(optionsOf(choices), (name) => name)])).toThrow();
    expect(contradictionIn({ ...choices, output: 'mask' })).toBeUndefined();
    expect(contradictionIn({ ...choices, background: 'colour' })).toBeUndefined();
  });
});
