import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultLimits, type LoadedDocument } from './document.ts';
import { type Loaded, type LoadOptions, loadFolder } from './folder.ts';
import { formatOf } from './formats.ts';
import { type FileLine, fileLines, sha256 } from './json-lines.ts';
import { openParser } from './parser.ts';
import { surveyFolder } from './survey.ts';
import { testDocx } from './testing/docx.ts';
import { expectLawful } from './testing/laws.ts';
import { column, testPdf } from './testing/pdf.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'lyceum-load-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;
const folder = (files: Readonly<Record<string, string | Uint8Array>>): string => {
  const path = join(root, `folder-${++folders}`);
  for (const [name, content] of Object.entries({ ...files })) {
    mkdirSync(join(path, name, '..'), { recursive: true });
    writeFileSync(join(path, name), content);
  }
  return path;
};

const load = async (paths: string | readonly string[], options: LoadOptions = {}) => {
  const all: Loaded[] = [];
  for await (const loaded of loadFolder(typeof paths === 'string' ? [paths] : paths, options)) all.push(loaded);
  const documents = all.flatMap((loaded): LoadedDocument[] => (loaded.type === 'document' ? [loaded.document] : []));
  const skipped = Object.fromEntries(
    all.flatMap((loaded) => (loaded.type === 'skipped' ? [[loaded.path.replace(`${root}/`, '').replace(/^folder-\d+\//, ''), loaded] as const] : [])),
  );
  return { all, documents, names: documents.map(({ names }) => names), skipped };
};

const pdf = testPdf({ pages: [column(['Words of a PDF.'], 40, 500)] });
const docx = testDocx([{ text: 'Words of a Word file.' }]);

describe('loadFolder', () => {
  it('reads every format, sorted by name, named relative to the folder, hidden files left out', async () => {
    const path = folder({
      'b/deep/er/x.txt': 'Text.',
      'a.pdf': pdf,
      'c.docx': docx,
      'd.html': '<p>Page.</p>',
      'E.MD': '# Title\n\nMark.',
      'f.jsonl': '{"id":"p2","text":"Second."}\n\n{"text":"Third, by number."}\n',
      '.hidden/x.txt': 'no',
      '.secret.txt': 'no',
      'figure.png': 'not a document',
    });
    const { documents, skipped, names } = await load(path);
    expect(names).toEqual([['E.MD'], ['a.pdf'], ['b/deep/er/x.txt'], ['c.docx'], ['d.html'], ['f.jsonl#3'], ['f.jsonl#p2']]);
    expect(skipped).toEqual({});
    for (const document of documents) expectLawful(document);
    const first = documents.find(({ name }) => name === 'a.pdf')!;
    expect(first).toMatchObject({ loader: 'pdf/1', mediaType: 'application/pdf', sizeBytes: pdf.length, bytesSha256: sha256(pdf), text: 'Words of a PDF.' });
    const line = documents.find(({ name }) => name === 'f.jsonl#p2')!;
    expect(line.bytesSha256).toBe(sha256(Buffer.from('{"id":"p2","text":"Second."}')));
    expect((await surveyFolder([path], { limits: defaultLimits })).ignored).toEqual([join(path, 'figure.png')]);
  });

  it('makes one document of the same bytes under several names, wherever they lie', async () => {
    const path = folder({ 'z.txt': 'Same.', 'sub/a.txt': 'Same.', 'other.txt': 'Other.' });
    symlinkSync(join(path, 'other.txt'), join(path, 'link.txt'));
    expect((await load(path)).names).toEqual([
      ['link.txt', 'other.txt'],
      ['sub/a.txt', 'z.txt'],
    ]);
  });

  it('names a file given by itself by its base name, and tells apart files of one name in two folders', async () => {
    const [one, two] = [folder({ 'a.txt': 'One.' }), folder({ 'a.txt': 'Two.' })];
    expect((await load(join(one, 'a.txt'))).names).toEqual([['a.txt']]);
    const { documents } = await load([one, two, join(one, 'a.txt')]);
    expect(documents.map(({ name, text }) => [name.replace(/\d+/, 'N'), text])).toEqual([
      ['a.txt', 'One.'],
      ['folder-N/a.txt', 'Two.'],
    ]);
  });

  it('says of what is known that it is unchanged, without parsing it', async () => {
    const path = folder({ 'a.txt': 'Known.', 'b.txt': 'New.' });
    const known = sha256(Buffer.from('Known.'));
    const asked: string[] = [];
    const { all } = await load(path, {
      isKnown: ({ bytesSha256, loader }) => {
        asked.push(loader);
        return bytesSha256 === known;
      },
    });
    expect(all.map(({ type }) => type)).toEqual(['unchanged', 'document']);
    expect(asked).toEqual(['text/1', 'text/1']);
  });

  it('lists what cannot be read with a code and what to do, and reads the rest', async () => {
    const path = folder({
      'empty.txt': '',
      'zero.pdf': '',
      'locked.pdf': testPdf({ pages: [column(['x'], 1, 1)], locked: true }),
      'scan.pdf': testPdf({ pages: [[]] }),
      'binary.txt': Buffer.from([1, 0, 2, 0]),
      'latin.txt': Buffer.from('na\u00efve', 'latin1'),
      'blank.html': '<script>x</script>',
      'image.docx': Buffer.from([0x89, 0x50, 0x4e, 0x47]),
      'blank.jsonl': '\n\n',
      'mixed.jsonl': '{"id":"good","text":"Good."}\nbad\n{"id":"good","text":"Good."}\n{"id":"good","text":"Other."}\n',
      'good.txt': 'Good text.',
    });
    symlinkSync('nowhere', join(path, 'dangling.txt'));
    symlinkSync('self.txt', join(path, 'self.txt'));
    const { names, skipped } = await load([path, join(root, 'absent.pdf')]);
    expect(names).toEqual([['good.txt'], ['mixed.jsonl#good'], ['mixed.jsonl#good@4']]);
    expect(Object.fromEntries(Object.entries(skipped).map(([name, { code }]) => [name, code]))).toEqual({
      'empty.txt': 'EMPTY',
      'zero.pdf': 'EMPTY',
      'locked.pdf': 'ENCRYPTED',
      'scan.pdf': 'NO_TEXT',
      'binary.txt': 'BINARY',
      'latin.txt': 'ENCODING',
      'blank.html': 'NO_TEXT',
      'image.docx': 'FORMAT',
      'blank.jsonl': 'EMPTY',
      'mixed.jsonl line 2': 'FORMAT',
      'dangling.txt': 'NOT_FOUND',
      'self.txt': 'NOT_FOUND',
      'absent.pdf': 'NOT_FOUND',
    });
    for (const { reason } of Object.values(skipped)) expect(reason).toMatch(/^(?:expected|text: ).*; /s);
  });

  it('names the pages that could not be read of a document that was', async () => {
    const path = folder({ 'a.pdf': testPdf({ pages: [column(['First.'], 40, 500), 'broken', column(['Third.'], 40, 500)] }) });
    const { documents, skipped } = await load(path);
    expect(documents[0]!.text).toContain('Third.');
    expect(skipped['a.pdf page 2']).toMatchObject({ code: 'PAGE', reason: expect.stringContaining('circular') });
  });

  it('refuses 2 GB of text at once, by its size, and a line without end by its length', async () => {
    const path = folder({ 'huge.txt': 'x', 'lines.jsonl': `{"text":"Short."}\n{"text":"${'x'.repeat(5000)}"}\n{"text":"Last."}`, 'fine.txt': 'Fine.' });
    truncateSync(join(path, 'huge.txt'), 2 ** 31); // a sparse file: it takes no space on the disk
    const { names, skipped } = await load(path, { limits: { lineBytes: 1000 } });
    expect(names).toEqual([['fine.txt'], ['lines.jsonl#1'], ['lines.jsonl#3']]);
    expect(skipped['huge.txt']).toMatchObject({
      code: 'TOO_LARGE',
      reason: expect.stringContaining('expected a file of at most 256 MiB, got 2 GiB; split it'),
    });
    expect(skipped['lines.jsonl line 2']).toMatchObject({ code: 'TOO_LARGE' });
  });

  it('walks every folder once, though links lead in circles', async () => {
    const path = folder({ 'a/b/x.txt': 'X.' });
    symlinkSync('..', join(path, 'a/up'));
    symlinkSync(path, join(path, 'a/b/root'));
    expect((await load(path)).names).toEqual([['a/b/x.txt']]);
  });

  it.skipIf(process.platform === 'win32')('skips pipes and devices instead of waiting for them', async () => {
    const path = folder({ 'a.txt': 'A.' });
    execFileSync('mkfifo', [join(path, 'pipe.txt')]);
    const { names, skipped } = await load([path, '/dev/null']);
    expect(names).toEqual([['a.txt']]);
    expect(skipped['pipe.txt']!.code).toBe('NOT_A_FILE');
    expect(skipped['/dev/null']!.code).toBe('NOT_A_FILE');
  });

  it.skipIf(process.platform === 'win32')('skips what it has no rights to, and reads the rest', async () => {
    const path = folder({ 'closed/x.txt': 'X.', 'locked.txt': 'L.', 'open.txt': 'Open.' });
    chmodSync(root, 0o755);
    chmodSync(join(path, 'closed'), 0o000);
    chmodSync(join(path, 'locked.txt'), 0o000);
    // The superuser may read everything; as nobody, even root's tests see the refusal.
    const superuser = process.geteuid?.() === 0;
    if (superuser) process.seteuid!(65534);
    try {
      const { names, skipped } = await load(path);
      expect(names).toEqual([['open.txt']]);
      expect(skipped.closed).toMatchObject({ code: 'NO_RIGHTS', reason: expect.stringContaining('chmod') });
      expect(skipped['locked.txt']!.code).toBe('NO_RIGHTS');
    } finally {
      if (superuser) process.seteuid!(0);
      chmodSync(join(path, 'closed'), 0o755);
    }
  });

  it('refuses a file of an unknown kind when it is given by itself', async () => {
    const path = folder({ 'notes.xyz': 'x' });
    const { skipped } = await load(join(path, 'notes.xyz'));
    expect(skipped['notes.xyz']).toMatchObject({ code: 'UNSUPPORTED', reason: expect.stringContaining('.pdf') });
  });

  it('law: what a document says depends on its bytes, not on what is read beside it', async () => {
    const files = { 'a.pdf': pdf, 'b.docx': docx, 'c.html': '<h1>T</h1><p>Page.</p>', 'd.md': '# Title\n\nMark.', 'e.txt': 'Text.' };
    const { documents } = await load(folder(files));
    for (const document of documents) {
      const alone = await load(join(folder(files), document.name));
      expect(alone.documents).toEqual([document]);
    }
  });

  it('may be left in the middle, and leaves nothing behind', async () => {
    const path = folder({ 'a.txt': 'A.', 'b.pdf': pdf, 'c.docx': docx });
    for await (const loaded of loadFolder([path])) {
      expect(loaded.type).toBe('document');
      break;
    }
    // Only the test runner's own handles may be left: no parser process, no timer that watches one.
    await expect.poll(() => process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap'), { timeout: 20_000 }).toEqual([]);
  });

  it('stops when told to', async () => {
    const path = folder({ 'a.txt': 'A.', 'b.pdf': pdf, 'c.txt': 'C.' });
    const controller = new AbortController();
    const seen: string[] = [];
    const run = async () => {
      for await (const loaded of loadFolder([path], { signal: controller.signal })) {
        seen.push(loaded.type);
        controller.abort(new Error('enough'));
      }
    };
    await expect(run()).rejects.toThrow('enough');
    expect(seen).toEqual(['document']);
  });
});

describe('the parser process', () => {
  it('is killed when a file takes too long, and the next file gets a fresh one', async () => {
    const path = folder({ 'a.pdf': pdf, 'b.txt': 'B.' });
    const { names, skipped } = await load(path, { limits: { stepMs: 1 } });
    expect(names).toEqual([['b.txt']]);
    expect(skipped['a.pdf']).toMatchObject({ code: 'TIMEOUT' });
    await using parser = openParser({ ...defaultLimits, stepMs: 1 });
    await expect(parser.parse(formatOf('a.docx')!, docx)).rejects.toMatchObject({ code: 'TIMEOUT' });
  });

  it.skipIf(process.platform !== 'linux')('is killed when it takes too much memory', async () => {
    await using parser = openParser({ ...defaultLimits, memoryBytes: 24 * 1024 * 1024 });
    await expect(parser.parse(formatOf('a.html')!, Buffer.from('<p>words</p>'.repeat(300_000)))).rejects.toMatchObject({ code: 'MEMORY' });
  });

  it.each([
    ['x.docx', docx],
    ['x.html', Buffer.from('<!doctype html><title>T</title><style>.a{display:none}</style><h1>One</h1><p class=a>Two</p><ul><li>Three &amp; four</ul>')],
    ['x.md', Buffer.from('---\ntitle: x\n---\n# One\n\n| a | b |\n|---|---|\n| `1` | **2** |\n\n[x]: y\n')],
    ['x.txt', Buffer.from('Title\n\nA naïve line.\n')],
    ['x.jsonl', Buffer.from('{"id": 1, "title": "naïve", "text": "Words."}')],
  ])('law: %s cut anywhere or damaged is read or refused, and never hangs', async (name, whole) => {
    await using parser = openParser(defaultLimits);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length), fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 4 }), async (cut, changes) => {
        const bytes = Buffer.from(whole.subarray(0, cut));
        for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
        const result = await parser.parse(formatOf(name)!, bytes).catch((error: { code?: string }) => error);
        if ('text' in result) expectLawful(result);
        else expect(result.code).toMatch(/^(?:FORMAT|NO_TEXT|ENCRYPTED|ENCODING|BINARY|TOO_LARGE|UNSUPPORTED)$/);
      }),
      { numRuns: 30 },
    );
  });
});

describe('fileLines', () => {
  it('law: gives the lines of a file with their places, however it is cut into pieces', async () => {
    const path = join(root, 'lines');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.stringMatching(/^[ab é\t]*$/), { maxLength: 8 }), fc.constantFrom('\n', '\r\n'), fc.boolean(), async (lines, end, last) => {
        const bytes = Buffer.from(lines.join(end) + (last ? end : ''));
        writeFileSync(path, bytes);
        const expected = lines.map((text, i) => ({ text, number: i + 1 })).filter(({ text }) => text.trim() !== '');
        const found: FileLine[] = [];
        for await (const line of fileLines(path, defaultLimits)) found.push(line);
        expect(found.map((line) => ({ text: line.bytes.toString(), number: line.number }))).toEqual(expected);
        for (const line of found) expect(bytes.subarray(line.offset, line.offset + line.bytes.length)).toEqual(line.bytes);
      }),
      { numRuns: 50 },
    );
  });
});
