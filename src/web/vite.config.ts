import { defineConfig } from 'vite';

/** Builds the workbench into `dist/web`; everything it needs stands in the bundle, so the page asks nobody but its own server. */
export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../../dist/web',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  worker: { format: 'es' },
  server: { proxy: Object.fromEntries(['/api', '/v1'].map((path) => [path, `http://127.0.0.1:${process.env['LYCEUM_PORT'] ?? '7700'}`])) },
});
