import { describe, expect, it } from 'vitest';
import { hashOf, idsOf } from '../../../web/ui/address.js';

describe('the batches in the address', () => {
  it('come back as they were written', () => {
    expect(idsOf(hashOf(['b2', 'b1']))).toEqual(['b2', 'b1']);
    expect(hashOf([])).toBe('');
    expect(idsOf('')).toEqual([]);
  });

  it('are taken once each, and without what no id can be', () => {
    expect(idsOf('#batches=a,a,../x,,b%2f,c')).toEqual(['a', 'c']);
    expect(idsOf('#batches')).toEqual([]);
    expect(idsOf('#other=a')).toEqual([]);
  });

  it('are the twenty newest', () => {
    const ids = Array.from({ length: 30 }, (_, at) => `b${at}`);
    expect(idsOf(hashOf(ids))).toEqual(ids.slice(0, 20));
    expect(idsOf(`#batches=${ids.join(',')}`)).toEqual(ids.slice(0, 20));
  });
});
