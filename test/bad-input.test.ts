import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../src/knowledge/index.ts';
import { numberedReading } from '../src/knowledge/testing/make-reading.ts';
import { testDocx } from '../src/read/loaders/testing/docx.ts';
import { column, testPdf } from '../src/read/loaders/testing/pdf.ts';

const root = new URL('..', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'lyceum-bad-'));
const program = join(root, 'bin/lyceum.js');
const options = { encoding: 'utf8', cwd: folder, env: { ...process.env, NO_COLOR: '1' } } as const;
const lyceum = (...args: string[]) => spawnSync(process.execPath, [program, ...args], options);
// The superuser may do everything everywhere; as nobody, even root's tests see a refusal.
const superuser = process.getuid?.() === 0;
const asNobody = (...args: string[]) => spawnSync(process.execPath, [program, ...args], { ...options, ...(superuser ? { uid: 65534, gid: 65534 } : {}) });
const nobodyCanRun = () => process.platform !== 'win32' && asNobody('--version').status === 0;
/** A file system of its own of this size; false where this process may not make one. */
const mounted = (place: string, size: string) => {
  mkdirSync(place, { recursive: true });
  return process.platform === 'linux' && spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', place]).status === 0;
};
const everyFile = (place: string) => readdirSync(place, { recursive: true, encoding: 'utf8' }).sort();
const exported = (dir: string) => lyceum('graph', 'export', '--dir', dir).stdout;
const made = async (dir: string, count: number) => {
  mkdirSync(join(folder, dir), { recursive: true });
  await using store = await openStore(join(folder, dir, 'knowledge.sqlite'));
  await store.addReadings(Array.from({ length: count }, (_, n) => numberedReading(n + 1)));
};
/** Writes over half of each page around the middle of a file of SQLite. */
const tear = (path: string) => {
  const page = 4096;
  const middle = Math.floor(statSync(path).size / page / 2);
  const file = openSync(path, 'r+');
  for (let at = middle - 8; at < middle + 8; at++) writeSync(file, Buffer.alloc(page / 2, 0xa5), 0, page / 2, at * page);
  closeSync(file);
};
/** Changes the graph behind the store's back. */
const forge = (path: string) => {
  const database = new DatabaseSync(path);
  database.exec('UPDATE entity SET mentions = mentions + 1 WHERE mentions = (SELECT max(mentions) FROM entity)');
  database.close();
};

chmodSync(folder, 0o755);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('lyceum read, given files that cannot be read', () => {
  // what it was before, what it is now, the code, and what is to be done about it
  const words = (name: string) => `Conditional random fields are used for parsing, as ${name} says.`;
  const cases: Record<string, [sound: string | Uint8Array, damaged: string | Uint8Array, code: string, whatToDo: string]> = {
    'binary.txt': [words('binary'), Uint8Array.from({ length: 4096 }, (_, i) => (i * 37) % 256), 'BINARY', 'if it is UTF-16 without a byte order mark, save it as UTF-8'],
    'blank.jsonl': [`{"text": "${words('blank')}"}\n`, '\n\n', 'EMPTY', 'copy or download the file again'],
    'bomb.docx': [testDocx([{ text: words('bomb') }]), 'PK\x03\x04 not a zip', 'FORMAT', 'open it in its program and save it again'],
    'cut.pdf': [testPdf({ pages: [column([words('cut')], 40, 500)] }), '%PDF-1.7\n1 0 obj\n<< /Type /Catalog', 'FORMAT', 'open it in a PDF program and save it again'],
    'empty.txt': [words('empty'), '', 'EMPTY', 'copy or download it again'],
    'huge.txt': [words('huge'), 'x', 'TOO_LARGE', 'split it, or write one document a line (.jsonl), which has no such limit'],
    'locked.pdf': [testPdf({ pages: [column([words('locked')], 40, 500)] }), testPdf({ pages: [column(['Words.'], 40, 500)], locked: true }), 'ENCRYPTED', 'save a copy without password'],
    'no-text.html': [`<p>${words('no-text')}</p>`, '<html><head><script>alert(1)</script></head><body><!-- nothing --></body></html>', 'NO_TEXT', 'save the page from a browser that shows its text'],
    'pictures.docx': [testDocx([{ text: words('pictures') }]), testDocx([{ text: '' }]), 'NO_TEXT', 'run a text recognition (OCR) program on it first'],
    'scan.pdf': [testPdf({ pages: [column([words('scan')], 40, 500)] }), testPdf({ pages: [[]] }), 'NO_TEXT', 'run a text recognition (OCR) program on it first'],
    'utf8.md': [words('utf8'), Uint8Array.from([0x23, 0x20, 0xff, 0xfe, 0xfd, 0x0a, 0xc3, 0x28]), 'ENCODING', 'convert it, for example with: iconv -f LATIN1 -t UTF-8'],
    'white.md': [words('white'), '\n \n', 'NO_TEXT', 'copy or download the file again'],
    'white.txt': [words('white text'), '\n\t\n', 'NO_TEXT', 'copy or download the file again'],
    'zero.pdf': [testPdf({ pages: [column([words('zero')], 40, 500)] }), '', 'EMPTY', 'copy or download it again'],
  }; // biome-ignore format: a table
  const damage = (to: string) => {
    for (const [name, [, bytes]] of Object.entries(cases)) writeFileSync(join(folder, to, name), bytes);
    truncateSync(join(folder, to, 'huge.txt'), 2 ** 31); // a sparse file: it takes no space on the disk
  };
  const damagedAs = Object.fromEntries(Object.entries(cases).map(([name, [, , code, whatToDo]]) => [name, `${code}: ${whatToDo}`]));
  interface Outcome {
    readonly documents: number;
    readonly unchanged: number;
    readonly removed: number;
    readonly gone: readonly string[];
    readonly skipped: readonly { readonly path: string; readonly code: string; readonly reason: string }[];
  }
  const told = ({ skipped }: Outcome) =>
    Object.fromEntries(
      skipped.map(({ path, code, reason }) => {
        expect(reason).toMatch(/^expected .+, got [^;]+; ./);
        return [path.split('/').at(-1)!, `${code}: ${reason.slice(reason.indexOf('; ') + 2)}`];
      }),
    );
  beforeAll(() => {
    mkdirSync(join(folder, 'in'), { recursive: true });
    damage('in');
  });

  it('lists each with its reason and what to do about it, reads the rest (here: nothing), and ends with exit code 3', () => {
    const { stdout, status } = lyceum('read', 'in', '--json', '--dir', 'w');
    const outcome = JSON.parse(stdout) as Outcome;
    expect(status).toBe(3);
    expect(outcome.documents).toBe(0);
    expect(told(outcome)).toEqual(damagedAs);
  });

  it('keeps what each gave the graph when it could be read, also with --prune', () => {
    const mayClose = nobodyCanRun();
    const run = mayClose ? asNobody : lyceum;
    const place = join(folder, 'kept');
    mkdirSync(join(place, 'in', 'closed'), { recursive: true });
    chmodSync(place, 0o777);
    for (const [name, [bytes]] of Object.entries(cases)) writeFileSync(join(place, 'in', name), bytes);
    writeFileSync(join(place, 'in', 'closed', 'a.txt'), words('closed'));
    const read = (...more: string[]) => {
      const { status, stdout, stderr } = run('read', 'kept/in', '--json', '--dir', 'kept/w', ...more);
      return [status, JSON.parse(stdout || stderr) as Outcome] as const;
    };
    const count = Object.keys(cases).length + 1;
    expect(read()).toMatchObject([0, { documents: count, skipped: [] }]);
    const before = exported('kept/w');
    expect(before.split('\n').length).toBeGreaterThan(2);
    damage('kept/in');
    if (mayClose) chmodSync(join(place, 'in', 'closed'), 0o000);
    try {
      for (const more of [[], ['--prune']]) {
        const [status, outcome] = read(...more);
        expect([status, outcome]).toMatchObject([3, { documents: 0, unchanged: mayClose ? 0 : 1, removed: 0, gone: [] }]);
        expect(told(outcome)).toEqual({
          ...damagedAs,
          ...(mayClose ? { closed: 'NO_RIGHTS: change its rights (chmod u+r) or read it as its owner' } : {}),
        });
        expect(exported('kept/w')).toBe(before);
      }
    } finally {
      chmodSync(join(place, 'in', 'closed'), 0o755);
    }
    // what lies there no more is noticed, however long it could not be read before that
    for (const name of readdirSync(join(place, 'in'))) rmSync(join(place, 'in', name), { recursive: true });
    const names = Object.keys(cases).map((name) => (name === 'blank.jsonl' ? 'blank.jsonl#1' : name));
    expect(read()).toMatchObject([0, { removed: 0, gone: [...names, 'closed/a.txt'].sort() }]);
    expect(exported('kept/w')).toBe(before);
    expect(read('--prune')).toMatchObject([0, { removed: count, gone: [] }]);
    expect([exported('kept/w'), lyceum('graph', 'check', '--dir', 'kept/w').stdout]).toEqual(['', 'sound\n']);
  });

  it('reads the rest, and notes what it left out of it', () => {
    mkdirSync(join(folder, 'noted'), { recursive: true });
    writeFileSync(join(folder, 'noted', 'page.html'), '<p>Parsing uses neural networks.</p><p hidden>Not seen.</p>');
    writeFileSync(join(folder, 'noted', 'empty.txt'), '');
    const { stdout, status } = lyceum('read', 'noted', '--json', '--dir', 'w-noted');
    expect(status).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      documents: 1,
      warnings: [{ path: 'page.html', message: '1 hidden element was left out' }],
      skipped: [{ code: 'EMPTY' }],
    });
    const plain = lyceum('read', 'noted', '--dir', 'w-plain');
    expect(plain.stderr).toContain('note: page.html: 1 hidden element was left out\n');
    expect(plain.stdout).toMatch(/read 1 document in .*; 1 skipped; 1 with notes\n/);
    expect(lyceum('read', 'noted', '--quiet', '--dir', 'w-noted').stderr).toBe(''); // unchanged: read before, noted then
  });

  it('names the folder that it has no right to read, and goes on', ({ skip }) => {
    if (!nobodyCanRun()) skip('this checkout can be read by its owner alone');
    const place = join(folder, 'rights');
    mkdirSync(join(place, 'in', 'closed'), { recursive: true });
    writeFileSync(join(place, 'in', 'closed', 'a.txt'), 'A.');
    writeFileSync(join(place, 'in', 'empty.txt'), '');
    chmodSync(join(place, 'in', 'closed'), 0o000);
    chmodSync(place, 0o777);
    try {
      const { stdout, status } = asNobody('read', 'rights/in', '--json', '--dir', 'rights/w');
      expect(status).toBe(3);
      const { skipped } = JSON.parse(stdout) as { skipped: { path: string; code: string; reason: string }[] };
      expect(skipped).toMatchObject([{ path: join(place, 'in', 'closed'), code: 'NO_RIGHTS', reason: expect.stringContaining('chmod') }, { code: 'EMPTY' }]);
    } finally {
      chmodSync(join(place, 'in', 'closed'), 0o755);
    }
  });

  it('refuses a reader whose file is cut short, and reads nothing with it', () => {
    mkdirSync(join(folder, 'words'), { recursive: true });
    writeFileSync(join(folder, 'words', 'a.txt'), 'Parsing uses neural networks.');
    const reader = join(folder, 'reader');
    mkdirSync(reader, { recursive: true });
    for (const name of ['reader.json', 'reader.safetensors']) copyFileSync(join(root, 'models/scierc', name), join(reader, name));
    truncateSync(join(reader, 'reader.safetensors'), 1_000_000);
    const weights = lyceum('read', 'words', '--reader', 'reader', '--dir', 'w-cut');
    expect([weights.status, weights.stdout]).toEqual([2, '']);
    expect(weights.stderr).toMatch(/reader\/reader\.safetensors: expected .+, got .+; .+ \(FORMAT\)\n$/);
    truncateSync(join(reader, 'reader.json'), 300);
    const description = lyceum('read', 'words', '--reader', 'reader', '--dir', 'w-cut');
    expect([description.status, description.stdout]).toEqual([2, '']);
    expect(description.stderr).toMatch(/reader\/reader\.json: expected JSON, got .+; .+ \(FORMAT\)\n$/);
  });

  it('names the missing path', () => {
    const { stderr, status } = lyceum('read', 'nowhere', '--dir', 'w');
    expect(status).toBe(3);
    expect(stderr).toMatch(/^skipped .+nowhere: expected .+, got .+; check the spelling \(NOT_FOUND\)\n/);
  });

  it('asks for a path when there is none, with exit code 2', () => {
    const { stderr, status } = lyceum('read', '--dir', 'w-none');
    expect(status).toBe(2);
    expect(stderr).toMatch(/expected folders or files, got none and none were read before; for example `lyceum read .+`/);
  });
});

describe('a workspace in trouble', () => {
  it('that is no SQLite file is refused and left as it is', () => {
    mkdirSync(join(folder, 'corrupt'), { recursive: true });
    const path = join(folder, 'corrupt', 'knowledge.sqlite');
    writeFileSync(path, 'SQLite format 3\0 this is not a database at all'.repeat(200));
    const before = readFileSync(path);
    for (const args of [
      ['graph', 'show', 'x'],
      ['read', 'in'],
      ['graph', 'export'],
    ]) {
      const { stderr, status, stdout } = lyceum(...args, '--dir', 'corrupt');
      expect(stdout).toBe('');
      expect(status).toBe(2);
      expect(stderr).toMatch(/expected .+, got .+; nothing was overwritten\. .+ \(FORMAT\)\n$/);
    }
    expect(readFileSync(path)).toEqual(before);
  });

  it('that is damaged in its middle is refused with exit code 2 by whatever meets the damage, and its file is not mended by guess', async () => {
    await made('torn', 60);
    const path = join(folder, 'torn', 'knowledge.sqlite');
    tear(path);
    const before = readFileSync(path);
    const refused = (...args: string[]) => {
      const { stderr, status, stdout } = lyceum(...args, '--dir', 'torn');
      expect([args, status, stdout]).toEqual([args, 2, '']);
      expect(stderr).toMatch(
        /^lyceum: .*torn\/knowledge\.sqlite: expected a sound .+, got .+; nothing was overwritten\. Put a backup in its place, or .+ \(FORMAT\)\n$/,
      );
    };
    refused('graph', 'export');
    refused('graph', 'show', 'CRF');
    refused('graph', 'check');
    refused('graph', 'backup', 'copy.sqlite');
    expect(existsSync(join(folder, 'copy.sqlite'))).toBe(false);
    expect(readFileSync(path).equals(before)).toBe(true);
    refused('read', 'in');
    refused('graph', 'merge', 'CRF', 'parser');
    refused('graph', 'remove', '3.txt');
    expect(readFileSync(path).length).toBe(before.length);
  });

  it.each<[string, (path: string) => void, RegExp]>([
    ['no SQLite file', (path) => writeFileSync(path, 'no database at all\n'.repeat(400)), /expected .+, got .+; nothing was overwritten\. Put a backup in its place, or /],
    ['damaged in its middle', tear, /expected .+, got .+; nothing was overwritten\. Put a backup in its place, or /],
    ['one whose graph does not follow from its readings', forge, /the graph differs from the one its readings give, first at .+; rebuild it/],
  ])('%s is found by doctor, which ends with exit code 1', async (_what, harm, said) => {
    await made('ill', 60);
    const path = join(folder, 'ill', 'knowledge.sqlite');
    harm(path);
    const before = readFileSync(path);
    const plain = lyceum('doctor', '--dir', 'ill');
    expect(plain.status).toBe(1);
    expect(plain.stdout.split('\n').find((line) => / workspace /.test(line))).toMatch(new RegExp(`^!! +workspace +.*ill/knowledge\\.sqlite: .*${said.source}`));
    const { status, stdout } = lyceum('doctor', '--json', '--dir', 'ill');
    const { sound, findings } = JSON.parse(stdout) as { sound: boolean; findings: { name: string; state: string; text: string }[] };
    expect([status, sound]).toEqual([1, false]);
    expect(findings.find(({ name }) => name === 'workspace')).toMatchObject({ state: 'bad', text: expect.stringMatching(said) });
    expect(readFileSync(path).equals(before)).toBe(true);
    rmSync(join(folder, 'ill'), { recursive: true });
  }, 120_000); // biome-ignore format: a table

  it('that is not there is named by commands that only look', () => {
    const { stderr, status } = lyceum('graph', 'show', 'x', '--dir', 'absent');
    expect(status).toBe(2);
    expect(stderr).toMatch(/absent\/knowledge\.sqlite: expected .+, got no such file; read some documents first \(NOT_FOUND\)\n$/);
    expect(existsSync(join(folder, 'absent'))).toBe(false);
  });

  it('whose writer is another process names that process, and a reader may still look', async () => {
    await made('busy', 3);
    const before = exported('busy');
    expect(before.split('\n').length).toBeGreaterThan(3);
    const script = `const { openStore } = await import(${JSON.stringify(join(root, 'src/knowledge/index.ts'))});
      const store = await openStore('busy/knowledge.sqlite', { mode: 'write' }); console.log('open'); setInterval(() => {}, 1000);`;
    const writer = spawn(process.execPath, ['--input-type=module', '-e', script], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await new Promise((resolve) => writer.stdout.once('data', resolve));
      for (const args of [
        ['read', 'in'],
        ['graph', 'merge', 'CRF', 'machine translation'],
        ['graph', 'remove', '1.txt'],
      ]) {
        const second = lyceum(...args, '--dir', 'busy');
        expect([second.status, second.stdout]).toEqual([1, '']);
        expect(second.stderr).toMatch(/: expected to be the only writer, got process \d+ writing; wait for it to finish, or give --wait \(BUSY\)\n$/);
        expect(second.stderr).toContain(`process ${writer.pid} `);
      }
      expect(lyceum('graph', 'search', 'x', '--dir', 'busy').status).toBe(0);
      expect(exported('busy')).toBe(before);
    } finally {
      writer.kill('SIGKILL');
      await new Promise((resolve) => writer.once('exit', resolve));
    }
    expect(lyceum('read', 'in', '--dir', 'busy').status).toBe(3); // the lock died with its owner
    expect(exported('busy')).toBe(before);
  });

  it('that cannot be written can be looked at, and says so to whoever would change it', ({ skip }) => {
    if (!nobodyCanRun()) skip('this checkout can be read by its owner alone');
    lyceum('read', 'in', '--dir', 'frozen');
    const place = join(folder, 'frozen');
    const before = readFileSync(join(place, 'knowledge.sqlite'));
    chmodSync(place, 0o555);
    try {
      expect(asNobody('graph', 'search', 'x', '--dir', 'frozen').status).toBe(0);
      expect(asNobody('graph', 'export', '--dir', 'frozen').status).toBe(0);
      for (const args of [
        ['read', 'in'],
        ['graph', 'remove', 'x'],
        ['graph', 'undo'],
      ]) {
        const { stderr, stdout, status } = asNobody(...args, '--dir', 'frozen');
        expect([status, stdout]).toEqual([1, '']);
        expect(stderr).toMatch(/^lyceum: frozen: expected a workspace that can be written, got .+; .+ \(READ_ONLY\)\n$/);
      }
    } finally {
      chmodSync(place, 0o755);
    }
    expect(readFileSync(join(place, 'knowledge.sqlite'))).toEqual(before);
  });

  it('on a file system that cannot be written can be looked at; a new one is refused', ({ skip }) => {
    const place = join(folder, 'read-only');
    if (!mounted(place, '20m')) skip('mounting a file system needs root');
    try {
      lyceum('read', 'in', '--dir', 'read-only/w');
      spawnSync('mount', ['-o', 'remount,ro', place]);
      expect(lyceum('graph', 'search', 'x', '--dir', 'read-only/w').status).toBe(0);
      for (const [args, said] of [
        [['read', 'in', '--dir', 'read-only/w'], /^lyceum: read-only\/w: expected a workspace that can be written, got .+\(READ_ONLY\)\n$/],
        [['read', 'in', '--dir', 'read-only/new'], /^lyceum: read-only\/new: expected a place where a folder can be made, got .+\(READ_ONLY\)\n$/],
        [
          ['graph', 'export', '--output', 'read-only/x', '--dir', 'read-only/w'],
          /^lyceum: read-only\/x: expected a place that can be written, got .+\(READ_ONLY\)\n$/,
        ],
        [['graph', 'backup', 'read-only/x', '--dir', 'read-only/w'], /read-only\/x: reading or writing failed .+\(STORAGE\)\n$/],
      ] as [string[], RegExp][]) {
        const { stderr, status } = lyceum(...args);
        expect([args, status]).toEqual([args, 1]);
        expect(stderr).toMatch(said);
      }
    } finally {
      spawnSync('umount', [place]);
    }
  });
});

describe('a disk that is full', () => {
  const sentence = (n: number) => `Paper ${n}: neural networks of kind ${n} are used for parsing of corpus ${n} by conditional random fields.\n`;
  beforeAll(async () => {
    mkdirSync(join(folder, 'many'), { recursive: true });
    await made('before', 3);
    writeFileSync(join(folder, 'many', 'b.txt'), Array.from({ length: 60 }, (_, n) => sentence(n)).join(''));
  });

  it('is told, loses nothing that was there, and the same command goes on when there is room', ({ skip }) => {
    const place = join(folder, 'full');
    if (!mounted(place, '600k')) skip('mounting a small file system needs root');
    try {
      cpSync(join(folder, 'before'), join(place, 'w'), { recursive: true });
      writeFileSync(join(place, 'old.jsonl'), 'what was there before\n');
      const before = exported('full/w');
      expect(before.split('\n').length).toBeGreaterThan(3);
      const filler = openSync(join(place, 'filler'), 'w');
      expect(() => {
        for (;;) writeSync(filler, Buffer.alloc(1024));
      }).toThrow(/ENOSPC/);
      closeSync(filler);
      const files = everyFile(place).filter((name) => !/-(wal|shm)$/.test(name));
      const told =
        /^lyceum: .+: (the disk is full; nothing that was acknowledged is lost\.|expected room on the disk, got none;) free .+, then give the same command again \(STORAGE\)\n$/i;
      for (const args of [
        ['read', 'many', '--dir', 'full/w'],
        ['graph', 'merge', 'CRF', 'machine translation', '--dir', 'full/w'],
        ['graph', 'export', '--output', 'full/old.jsonl', '--dir', 'full/w'],
        ['graph', 'backup', 'full/copy.sqlite', '--dir', 'full/w'],
      ]) {
        const { stderr, status } = lyceum(...args);
        expect([args, status]).toEqual([args, 1]);
        expect(`${stderr.split('\n').at(-2)!}\n`).toMatch(told);
      }
      expect(everyFile(place).filter((name) => !/-(wal|shm)$/.test(name))).toEqual(files);
      expect(readFileSync(join(place, 'old.jsonl'), 'utf8')).toBe('what was there before\n');
      expect(exported('full/w')).toBe(before);
      spawnSync('mount', ['-o', 'remount,size=20m', place]);
      const again = lyceum('read', 'many', '--json', '--dir', 'full/w');
      expect([again.status, (JSON.parse(again.stdout) as { documents: number }).documents]).toEqual([0, 1]);
      expect(lyceum('graph', 'check', '--dir', 'full/w')).toMatchObject({ status: 0, stdout: 'sound\n' });
    } finally {
      spawnSync('umount', [place]);
    }
  });

  it.skipIf(process.platform === 'win32')('by a limit on the size of files: the same', () => {
    cpSync(join(folder, 'before'), join(folder, 'limited'), { recursive: true });
    const before = exported('limited');
    const { stderr, status } = spawnSync(
      'bash',
      ['-c', 'ulimit -f 64; exec "$@"', 'limit', process.execPath, program, 'read', 'many', '--dir', 'limited'],
      options,
    );
    expect(status).toBe(1);
    expect(stderr).toMatch(/lyceum: .*limited\/knowledge\.sqlite: reading or writing failed .+; check the disk .+ \(STORAGE\)\n$/);
    expect(exported('limited')).toBe(before);
    expect(lyceum('graph', 'check', '--dir', 'limited').stdout).toBe('sound\n');
  });

  it.skipIf(!existsSync('/dev/full'))('where standard output goes is told in one line', () => {
    const full = openSync('/dev/full', 'w');
    for (const args of [['--version'], ['graph', 'export', '--dir', 'before'], ['graph', 'check', '--json', '--dir', 'before']]) {
      const { status, stderr } = spawnSync(process.execPath, [program, ...args], { ...options, stdio: ['ignore', full, 'pipe'] });
      expect([args, status]).toEqual([args, 1]);
      expect(stderr).toMatch(/^lyceum: standard output: expected room on the disk, got none; .+ \(STORAGE\)\n$/);
    }
    closeSync(full);
  });
});
