// Builds dist/ (the library), dist/web (the page), and a process of one file that people wait for. Runs by itself after `npm ci`; where the compilers are left out (--omit=dev) it does nothing.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const compiler = at('node_modules/typescript/bin/tsc');
const bundler = at('node_modules/vite/bin/vite.js');

if (!existsSync(compiler) || !existsSync(bundler)) {
  process.stderr.write('build: the compilers are not installed (npm ci --omit=dev?); dist/ is left as it is\n');
  process.exit(0);
}
// The pinned Node runs the compilers also where npm itself runs on an older one.
const pinned = at(process.platform === 'win32' ? 'node_modules/node/bin/node.exe' : 'node_modules/node/bin/node');
const node = existsSync(pinned) ? pinned : process.execPath;

rmSync(at('dist'), { recursive: true, force: true });
for (const args of [
  [compiler, '-p', at('tsconfig.build.json')],
  [bundler, 'build', '--config', at('src/web/vite.config.ts'), '--logLevel', 'warn'],
  [bundler, 'build', '--config', at('scripts/processes.vite.config.js')],
]) {
  const { status, error } = spawnSync(node, args, { stdio: 'inherit', cwd: at('.') });
  if (status !== 0) {
    process.stderr.write(`build: ${args.join(' ')} failed${error ? `: ${error.message}` : ''}\n`);
    process.exit(1);
  }
}
