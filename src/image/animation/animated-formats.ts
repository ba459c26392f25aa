/** Whether pages of the format follow each other in time; those of TIFF lie side by side. */
export function isAnimatedFormat(format: string): boolean {
  return format === 'gif' || format === 'webp';
}
