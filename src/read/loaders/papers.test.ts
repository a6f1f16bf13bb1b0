import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { splitDocument } from '../text/index.ts';
import { defaultLimits, type LoadedDocument } from './document.ts';
import { loadFolder } from './folder.ts';
import { parseHtml } from './html.ts';
import { blocksOf, expectLawful } from './testing/laws.ts';

const folder = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const documents: LoadedDocument[] = [];
beforeAll(async () => {
  for await (const loaded of loadFolder([folder('examples/papers')])) {
    if (loaded.type !== 'document') throw new Error(JSON.stringify(loaded));
    documents.push(loaded.document);
  }
}, 60_000);

describe('the sample papers', () => {
  it('are read whole, in all six formats', () => {
    expect(documents.length).toBeGreaterThanOrEqual(10);
    expect(new Set(documents.map(({ loader }) => loader.split('/')[0]))).toEqual(new Set(['pdf', 'html', 'docx', 'markdown', 'text', 'jsonl']));
    for (const document of documents) {
      expectLawful(document);
      expect([document.name, document.metadata.title?.length ?? 0]).toEqual([document.name, expect.any(Number)]);
      expect(document.metadata.title).toBeTruthy();
      expect(splitDocument(document).length).toBeGreaterThanOrEqual(5);
    }
  });

  it.each(['span-lattice', 'accent-adapters'])(
    '%s.pdf gives the words of the page it was printed from, in their order, none of them torn at a line end',
    (name) => {
      const printed = documents.find((document) => document.name === `${name}.pdf`)!;
      const source = parseHtml(readFileSync(folder(`scripts/papers/${name}.html`)), defaultLimits.characters);
      const wordsOf = (document: Pick<LoadedDocument, 'text' | 'blocks'>, kind: string) =>
        blocksOf({ ...document, metadata: {}, warnings: [] }, kind)
          .join(' ')
          .replace(/\s+/g, ' ');
      for (const kind of ['paragraph', 'references', 'caption'])
        expect(wordsOf(printed, kind)).toBe(wordsOf(source, kind).replace('Lyceum sample papers, 2018 ', '').replace('Lyceum sample papers, 2019 ', ''));
      expect(blocksOf(printed, 'heading')).toEqual(blocksOf(source, 'heading'));
    },
  );

  it('say the same thing by its full name and by its short one in several documents', () => {
    for (const name of ['named entity recognition', 'automatic speech recognition', 'conditional random field', 'convolutional neural network']) {
      const saying = documents.filter(({ text }) => text.replace(/\s+/g, ' ').toLowerCase().includes(name));
      expect([name, saying.length >= 3]).toEqual([name, true]);
    }
  });

  it('do not give away what a page hides', () => {
    expect(documents.some(({ text }) => text.includes('never sees it'))).toBe(false);
    expect(documents.find(({ name }) => name === 'object-detection-drones.html')!.warnings).toEqual(['1 hidden element was left out']);
  });
});
