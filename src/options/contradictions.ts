import type { OptionName, ParsedOptions } from './schema.js';

/** What options say that cannot be had together; a line each, with the names as they were written. */
export function contradictions(options: ParsedOptions, labelOf: (name: OptionName) => string): string[] {
  const { output, format, depth, frames } = options;
  const problems: string[] = [];
  const isOpaque = options['bg-color']?.rgba?.[3] === 255 || (options['bg-image'] ?? 'none') !== 'none';
  if (format === 'jpg' && output !== 'mask' && !isOpaque) {
    problems.push(
      `${labelOf('format')}: jpg cannot be transparent; give bg-color (an opaque one) or bg-image`,
    );
  }
  if (depth === '16' && format !== undefined && format !== 'png') {
    problems.push(`${labelOf('depth')}: only png has 16 bits, not ${format}`);
  }
  if (depth === '16' && frames === 'all') {
    problems.push(`${labelOf('depth')}: all frames make an animated webp, which has 8 bits`);
  }
  if (frames === 'all' && format !== undefined && format !== 'webp') {
    problems.push(`${labelOf('frames')}: only webp is animated, not ${format}`);
  }
  return problems;
}
