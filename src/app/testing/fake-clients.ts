// Stand-ins for npm and pip: programs on the PATH that copy an archive which a test prepared.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface FakeClients {
  /** To be the whole PATH. */
  readonly bin: string;
  /** Puts a program there. */
  install(...names: ('npm' | 'pip' | 'pip3' | 'python3')[]): void;
  /** What the client is to bring for `npm pack SPEC` or `pip download SPEC`. */
  offer(spec: string, file: string, bytes: Uint8Array): void;
  /** Argument lists of all calls so far. */
  calls(): string[][];
}

/** Behaves as the client does as far as a pull sees it; `hang` as a spec answers nothing for ever. */
const program = (folder: string) => `#!${process.execPath}
const { appendFileSync, copyFileSync, existsSync, readdirSync } = require('node:fs');
const { join } = require('node:path');
const args = process.argv.slice(2);
appendFileSync(${JSON.stringify(join(folder, 'calls'))}, JSON.stringify(args) + '\\n');
const npm = args[0] === 'pack';
const spec = npm ? args[1] : args.at(-1);
const target = args[args.indexOf(npm ? '--pack-destination' : '--dest') + 1];
const offered = join(${JSON.stringify(folder)}, encodeURIComponent(spec));
if (spec.startsWith('hang')) setInterval(() => {}, 1000);
else if (!existsSync(offered)) {
  console.error(npm ? 'npm error code E404\\nnpm error 404 Not Found - https://me:secret@registry.invalid/' + spec : 'ERROR: No matching distribution found for ' + spec);
  process.exit(1);
} else for (const file of readdirSync(offered)) copyFileSync(join(offered, file), join(target, file));
`;

export function fakeClients(folder: string): FakeClients {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  return {
    bin,
    install(...names) {
      for (const name of names) {
        writeFileSync(join(bin, name), program(folder));
        chmodSync(join(bin, name), 0o755);
      }
    },
    offer(spec, file, bytes) {
      const place = join(folder, encodeURIComponent(spec));
      mkdirSync(place, { recursive: true });
      writeFileSync(join(place, file), bytes);
    },
    calls() {
      const log = join(folder, 'calls');
      return existsSync(log)
        ? readFileSync(log, 'utf8')
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line) as string[])
        : [];
    },
  };
}
