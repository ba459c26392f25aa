import sharp from 'sharp';

/**
 * Sets up libvips for this process. Its operation cache would hold on to pictures we never see again. Pictures are
 * processed side by side (libuv's thread pool), so each needs few threads of its own.
 */
export function configureImageRuntime(options: { threadsPerImage?: number } = {}): void {
  sharp.cache(false);
  sharp.concurrency(options.threadsPerImage ?? 1);
}
