#!/usr/bin/env node
// Plain JavaScript that any Node can parse: it looks at the Node it runs on before anything newer is imported.
import { existsSync } from 'node:fs';

const needed = [24, 15];
const [major, minor] = process.versions.node.split('.').map(Number);

if (major < needed[0] || (major === needed[0] && minor < needed[1])) {
  const found = process.versions.node;
  process.stderr.write(
    `lyceum needs Node ${needed.join('.')} or newer and this is Node ${found}; in a checkout use \`npm start\` or \`npm exec lyceum\` (npm ci brings the right Node), elsewhere install Node 24 from your usual source.\n`,
  );
  process.exit(2);
}

const source = new URL('../src/app/cli/main.ts', import.meta.url);
const built = new URL('../dist/app/cli/main.js', import.meta.url);
const { main } = await import(existsSync(source) ? source.href : built.href);
process.exitCode = await main(process.argv.slice(2));
