import fc from 'fast-check';

/** Small masks of every shape. */
export const masks = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
  .chain(([width, height]) =>
    fc.record({
      width: fc.constant(width),
      height: fc.constant(height),
      set: fc.array(fc.boolean(), { minLength: width * height, maxLength: width * height }),
    }),
  );
