// One file for a process that people wait for: loading 340 modules one by one took it longer than all else before its model was read.
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const entry = resolve(dist, 'app/language-model/language-model-child.js');

export default defineConfig({
  logLevel: 'warn',
  plugins: [
    {
      name: 'own-urls',
      // A module finds files beside where it lay, not beside where it lies now.
      transform(code, id) {
        if (!id.startsWith(dist) || !code.includes('import.meta.url')) return undefined;
        const path = relative(dirname(entry), id).replaceAll('\\', '/');
        return { code: code.replaceAll('import.meta.url', `new URL(${JSON.stringify(path)}, import.meta.url).href`), map: null };
      },
    },
  ],
  ssr: { noExternal: ['zod'], target: 'node' },
  build: {
    ssr: entry,
    target: 'node24',
    outDir: dirname(entry),
    emptyOutDir: false,
    copyPublicDir: false,
    minify: false,
    rolldownOptions: { treeshake: { moduleSideEffects: 'no-external' }, output: { entryFileNames: '[name].js', codeSplitting: false } },
  },
});
