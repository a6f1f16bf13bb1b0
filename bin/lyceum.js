#!/usr/bin/env node
// Plain JavaScript that any Node can parse: it looks at the Node it runs on before anything newer is imported.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const needed = [24, 15];
const [major, minor] = process.versions.node.split('.').map(Number);
const isNewEnough = major > needed[0] || (major === needed[0] && minor >= needed[1]);

if (isNewEnough) await run();
else {
  // A checkout brings its own Node (`npm ci`); an installed package does not.
  const pinned = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url));
  if (existsSync(pinned)) runOn(pinned);
  else {
    process.stderr.write(
      `lyceum: expected Node ${needed.join('.')} or newer, got ${process.versions.node}; install Node 24 from your usual source and run it again\n`,
    );
    process.exitCode = 2;
  }
}

async function run() {
  if (process.send) {
    // Started by the wrapper below: end with it.
    process.on('disconnect', () => process.exit(1));
    process.channel.unref();
  }
  const isSource = existsSync(new URL('../src/app/cli/main.ts', import.meta.url));
  const load = (name) => import(new URL(isSource ? `../src/app/${name}.ts` : `../dist/app/${name}.js`, import.meta.url).href);
  (await load('compiled-code')).keepCompiledCode();
  const { main } = await load('cli/main');
  process.exitCode = await main(process.argv.slice(2));
}

function runOn(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  // A terminal sends Ctrl-C to both; everything else reaches only this process.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1);
  });
}
