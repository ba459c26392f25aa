// Compiles every file of assembly/ to WebAssembly with SIMD: assembly/NAME.ts to dist/wasm/NAME.wasm.
import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { main as compile } from 'assemblyscript/asc';

const sources = readdirSync('assembly').filter((file) => file.endsWith('.ts'));
for (const source of sources) {
  const target = `dist/wasm/${basename(source, '.ts')}.wasm`;
  const options = ['-O3', '--runtime', 'stub', '--enable', 'simd', '--noAssert'];
  const { error, stderr } = await compile([`assembly/${source}`, '-o', target, ...options]);
  if (error !== null) {
    process.stderr.write(stderr.toString());
    process.exit(1);
  }
}
