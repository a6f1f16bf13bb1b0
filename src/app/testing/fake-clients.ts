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
  /** How large the client says that it is: npm when it is asked, pip before it hangs. */
  state(spec: string, bytes: number): void;
  /** Argument lists of all calls so far. */
  calls(): string[][];
}

/** Behaves as the client does as far as a pull sees it; `hang` as a spec answers nothing for ever. */
const program = (folder: string) => `#!${process.execPath}
const { appendFileSync, copyFileSync, existsSync, readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const args = process.argv.slice(2);
appendFileSync(${JSON.stringify(join(folder, 'calls'))}, JSON.stringify(args) + '\\n');
const npm = args[0] === 'pack' || args[0] === 'view';
const spec = npm ? args[1] : args.at(-1);
const target = args[args.indexOf(npm ? '--pack-destination' : '--dest') + 1];
const offered = join(${JSON.stringify(folder)}, encodeURIComponent(spec));
const stated = offered + '.size';
if (existsSync(stated) && args[0] !== 'pack') {
  const bytes = readFileSync(stated, 'utf8');
  console.log(npm ? bytes : '  Downloading made-1.0.0-py3-none-any.whl (' + Number(bytes) / 1e6 + ' MB)');
  if (!npm) setInterval(() => {}, 1000);
} else if (spec.startsWith('hang')) setInterval(() => {}, 1000);
else if (!existsSync(offered)) {
  console.error(npm ? 'npm error code E404\\nnpm error 404 Not Found - https://me:secret@registry.invalid/' + spec : 'ERROR: No matching distribution found for ' + spec);
  process.exit(1);
} else if (args[0] !== 'view') for (const file of readdirSync(offered)) copyFileSync(join(offered, file), join(target, file));
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
    state(spec, bytes) {
      writeFileSync(join(folder, `${encodeURIComponent(spec)}.size`), `${bytes}`);
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
