import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = new URL('..', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'lyceum-bad-'));
const lyceum = (...args: string[]) =>
  spawnSync(process.execPath, [join(root, 'bin/lyceum.js'), ...args], { encoding: 'utf8', cwd: folder, env: { ...process.env, NO_COLOR: '1' } });
const file = (name: string, bytes: string | Uint8Array) => {
  mkdirSync(join(folder, 'in'), { recursive: true });
  writeFileSync(join(folder, 'in', name), bytes);
};

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('lyceum read, given files that cannot be read', () => {
  beforeAll(() => {
    file('empty.txt', '');
    file('zero.pdf', '');
    file('cut.pdf', '%PDF-1.7\n1 0 obj\n<< /Type /Catalog');
    file(
      'binary.txt',
      Uint8Array.from({ length: 4096 }, (_, i) => (i * 37) % 256),
    );
    file('utf8.md', Uint8Array.from([0x23, 0x20, 0xff, 0xfe, 0xfd, 0x0a, 0xc3, 0x28]));
    file('no-text.html', '<html><head><script>alert(1)</script></head><body><!-- nothing --></body></html>');
    file('bomb.docx', 'PK\x03\x04 not a zip');
  });

  it('lists each with its reason, reads the rest (here: nothing), and ends with exit code 3', () => {
    const { stdout, status } = lyceum('read', 'in', '--json', '--dir', 'w');
    const outcome = JSON.parse(stdout) as { documents: number; skipped: { path: string; code: string; reason: string }[] };
    expect(status).toBe(3);
    expect(outcome.documents).toBe(0);
    expect(outcome.skipped.map(({ path }) => path.split('/').at(-1)).sort()).toEqual([
      'binary.txt',
      'bomb.docx',
      'cut.pdf',
      'empty.txt',
      'no-text.html',
      'utf8.md',
      'zero.pdf',
    ]);
    for (const { reason, code } of outcome.skipped) {
      expect(reason).toMatch(/expected .+, got /);
      expect(code).toMatch(/^[A-Z_]+$/);
    }
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

  it('names the missing path', () => {
    const { stderr, status } = lyceum('read', 'nowhere', '--dir', 'w');
    expect(status).toBe(3);
    expect(stderr).toContain('nowhere');
  });

  it('asks for a path when there is none, with exit code 2', () => {
    const { stderr, status } = lyceum('read', '--dir', 'w-none');
    expect(status).toBe(2);
    expect(stderr).toContain('expected folders or files');
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
      expect([1, 2]).toContain(status);
      expect(stderr).toMatch(/expected .+, got .+/);
    }
    expect(readFileSync(path)).toEqual(before);
  });

  it('that is not there is named by commands that only look', () => {
    const { stderr, status } = lyceum('graph', 'show', 'x', '--dir', 'absent');
    expect(status).toBe(2);
    expect(stderr).toContain('absent');
    expect(existsSync(join(folder, 'absent'))).toBe(false);
  });

  it('whose writer is another process names that process, and a reader may still look', async () => {
    lyceum('read', 'in', '--dir', 'busy');
    const script = `const { openStore } = await import(${JSON.stringify(join(root, 'src/knowledge/index.ts'))});
      const store = await openStore('busy/knowledge.sqlite', { mode: 'write' }); console.log('open'); setInterval(() => {}, 1000);`;
    const writer = spawn(process.execPath, ['--input-type=module', '-e', script], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await new Promise((resolve) => writer.stdout.once('data', resolve));
      const second = lyceum('read', 'in', '--dir', 'busy');
      expect(second.status).toBe(1);
      expect(second.stderr).toContain(String(writer.pid));
      expect(lyceum('graph', 'search', 'x', '--dir', 'busy').status).toBe(0);
    } finally {
      writer.kill('SIGKILL');
      await new Promise((resolve) => writer.once('exit', resolve));
    }
    expect(lyceum('read', 'in', '--dir', 'busy').status).toBe(3); // the lock died with its owner
  });

  it('that cannot be written can be looked at', ({ skip }) => {
    if (process.getuid?.() === 0) skip('root may write anywhere');
    lyceum('read', 'in', '--dir', 'frozen');
    chmodSync(join(folder, 'frozen'), 0o555);
    try {
      expect(lyceum('graph', 'search', 'x', '--dir', 'frozen').status).toBe(0);
      expect(lyceum('read', 'in', '--dir', 'frozen').status).toBe(1);
    } finally {
      chmodSync(join(folder, 'frozen'), 0o755);
    }
  });
});
