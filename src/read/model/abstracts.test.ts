import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FormatError, NotFoundError } from '../../core/index.ts';
import { readAbstracts, subwordsOf } from './abstracts.ts';
import { tinyTokenizer } from './testing/tiny-reader.ts';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'lyceum-abstracts-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const put = async (name: string, bytes: string | Uint8Array): Promise<string> => {
  await writeFile(join(home, name), bytes);
  return join(home, name);
};

describe('abstracts', () => {
  const lines = '{"id":1,"title":"A title","abstract":"Some words."}\n\n{"text":"Plain."}\n{"abstract":" "}\n{"title":null,"abstract":"No title."}\n';

  it('are read from JSON Lines, packed or not', async () => {
    const plain = await readAbstracts(await put('a.jsonl', lines));
    expect(plain.texts).toEqual(['A title. Some words.', 'Plain.', 'No title.']);
    const packed = await readAbstracts(await put('a.jsonl.gz', gzipSync(lines)));
    expect(packed.texts).toEqual(plain.texts);
    expect(packed.sha256).not.toBe(plain.sha256);
  });

  it('are refused with the line named', async () => {
    await expect(readAbstracts(join(home, 'none.jsonl'))).rejects.toThrow(NotFoundError);
    await expect(readAbstracts(home)).rejects.toThrow(/got a folder/);
    for (const bad of [
      '{"abstract":"fine"}\n{"title":"only"}',
      '{"abstract":"fine"}\n[1]',
      '{"abstract":"fine"}\n{"abstract":7}',
      '{"abstract":"fine"}\n{"abs',
    ]) {
      const read = readAbstracts(await put('bad.jsonl', bad));
      await expect(read).rejects.toThrow(FormatError);
      await expect(read).rejects.toThrow(/bad\.jsonl line 2: expected .*, got .*; /);
    }
    await expect(readAbstracts(await put('bad.jsonl.gz', 'not packed'))).rejects.toThrow(/expected a gzip file/);
  });

  it('are cut after whole words', () => {
    const text = 'one two three four five six seven';
    const whole = subwordsOf(text, tinyTokenizer, 100)!;
    expect(whole.words).toHaveLength(7);
    for (let limit = 3; limit < whole.ids.length; limit++) {
      const { ids, words } = subwordsOf(text, tinyTokenizer, limit)!;
      expect(ids.length).toBeLessThanOrEqual(limit);
      expect(whole.words[words.length] ?? whole.ids.length).toBe(ids.length);
      expect(whole.ids.slice(0, ids.length)).toEqual(ids);
    }
    expect(subwordsOf('  ', tinyTokenizer, 10)).toBeUndefined();
  });
});
