import { getDocumentProxy } from 'unpdf';

/** A stretch of a sentence on one line of a page, in points. */
export interface PrintedLine {
  readonly page: number;
  /** From the page's left edge. */
  readonly left: number;
  readonly right: number;
  /** From the page's top edge. */
  readonly baseline: number;
  readonly size: number;
}

/** Where a PDF file itself says that the letters of a sentence stand, past every loader of ours. Each piece of text is taken to have letters of equal width. */
export async function printedLines(bytes: Uint8Array, sentence: string): Promise<PrintedLine[]> {
  const pdf = await getDocumentProxy(Uint8Array.from(bytes));
  const letters: (PrintedLine & { readonly letter: string })[] = [];
  for (let page = 1; page <= pdf.numPages; page++) {
    const found = await pdf.getPage(page);
    const top = found.view[3]!;
    for (const item of (await found.getTextContent()).items) {
      if (!('str' in item)) continue;
      const [, , , , x, y] = item.transform as number[];
      const step = item.width / item.str.length;
      [...item.str].forEach((letter, i) => {
        if (letter.trim() !== '') letters.push({ letter, page, left: x! + i * step, right: x! + (i + 1) * step, baseline: top - y!, size: item.height });
      });
    }
  }
  await pdf.destroy();
  const wanted = sentence.replace(/\s/g, '');
  const at = letters.map(({ letter }) => letter).join('').indexOf(wanted); // biome-ignore format: one chain
  const lines: PrintedLine[] = [];
  for (const { letter: _, ...place } of at < 0 ? [] : letters.slice(at, at + wanted.length)) {
    const line = lines.at(-1);
    if (line && line.page === place.page && line.baseline === place.baseline) lines[lines.length - 1] = { ...line, right: place.right };
    else lines.push(place);
  }
  return lines;
}
