import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, NotFoundError } from '../../core/index.ts';
import { CancelledError, openEngine } from '../../runtime/index.ts';
import { openReader, type Reader } from './open-reader.ts';
import { openReaderApart } from './readers-apart.ts';
import { tinyDocument } from './testing/tiny-reader.ts';

// Long enough for several portions.
const documents = Array.from({ length: 8 }, (_, i) => {
  const { docKey, sentences } = tinyDocument(i, [20, 30, 20, 30, 20]);
  return { docKey, sentences };
});

describe('a reader in processes of its own', () => {
  let apart: Reader;
  beforeAll(async () => {
    apart = await openReaderApart({ threads: 2 });
  });
  afterAll(async () => {
    await apart[Symbol.asyncDispose]();
  });

  it('reads what a reader in this process reads, bit for bit, in the order given, however many ask at once', async () => {
    await using engine = await openEngine({ threads: 1 });
    await using here = await openReader(engine);
    const wanted = await here.predict(documents);
    expect(apart.version).toBe(here.version);
    const seen: number[] = [];
    const [all, backwards] = await Promise.all([apart.predict(documents, { onProgress: (done) => seen.push(done) }), apart.predict([...documents].reverse())]);
    expect(all).toEqual(wanted);
    expect(backwards.reverse()).toEqual(wanted);
    expect(seen.at(-1)).toBe(documents.length);
    expect(seen.length).toBeGreaterThan(1);
    expect(await apart.predict([])).toEqual([]);
  });

  it('stops with the reason given, and reads on for others', async () => {
    const abort = new AbortController();
    const stopped = apart.predict(documents, { signal: abort.signal });
    const other = apart.predict(documents.slice(0, 1));
    abort.abort(new Error('enough'));
    await expect(stopped).rejects.toThrow('enough');
    expect(await other).toHaveLength(1);
    await expect(apart.predict(documents, { signal: abort.signal })).rejects.toThrow('enough');
  });

  it('refuses what openReader refuses, with the same error', async () => {
    await expect(openReaderApart({ reader: '/no/such/reader', threads: 2 })).rejects.toThrow(NotFoundError);
    await expect(openReaderApart({ threads: 0 })).rejects.toThrow(ConfigError);
  });

  it('ends its opening with the reason given', async () => {
    const abort = new AbortController();
    const opening = openReaderApart({ threads: 2, signal: abort.signal });
    setTimeout(() => abort.abort(new Error('enough')), 50); // its processes are starting
    await expect(opening).rejects.toThrow('enough');
    await expect(openReaderApart({ threads: 2, signal: abort.signal })).rejects.toThrow('enough');
  });

  it('ends readings under way when it is closed', async () => {
    const closing = await openReaderApart({ threads: 1 });
    const reading = closing.predict(documents);
    await Promise.all([expect(reading).rejects.toThrow(CancelledError), closing[Symbol.asyncDispose]()]);
    await expect(closing.predict(documents)).rejects.toThrow(CancelledError);
  });
});
