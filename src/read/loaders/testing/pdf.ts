// Small PDF files for tests: pages of text at given places, in Helvetica.

export interface TestText {
  readonly text: string;
  readonly x: number;
  /** From the page's bottom, as PDF counts. */
  readonly y: number;
  readonly size?: number;
  readonly bold?: boolean;
}

/** A page whose content is packed (zlib): a few bytes may stand for many. */
export interface PackedPage {
  readonly packed: Buffer;
}

export interface TestPdf {
  readonly pages: readonly (readonly TestText[] | PackedPage | 'broken')[];
  readonly title?: string;
  /** Locks it: no reader knows the password. */
  readonly locked?: boolean;
}

const escaped = (text: string) => text.replace(/[\\()]/g, (character) => `\\${character}`);

/** A PDF of A5-like pages (420 × 595 points). */
export const testPdf = ({ pages, title, locked = false }: TestPdf): Buffer => {
  const objects: string[] = [];
  const add = (body: string) => objects.push(body);
  const pageNumber = (i: number) => 6 + 2 * i;
  add('<< /Type /Catalog /Pages 2 0 R >>');
  add(`<< /Type /Pages /Count ${pages.length} /Kids [${pages.map((_, i) => `${pageNumber(i)} 0 R`).join(' ')}] >>`);
  add('<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>');
  add('<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>');
  add(`<< /Title (${escaped(title ?? '')}) >>`);
  pages.forEach((page, i) => {
    const packed = page !== 'broken' && 'packed' in page;
    const content =
      page === 'broken'
        ? ''
        : 'packed' in page
          ? page.packed.toString('latin1')
          : page.map(({ text, x, y, size = 10, bold }) => `BT /F${bold ? 2 : 1} ${size} Tf 1 0 0 1 ${x} ${y} Tm (${escaped(text)}) Tj ET`).join('\n');
    // A broken page is a branch of the page tree that leads back to itself.
    add(
      page === 'broken'
        ? `<< /Type /Pages /Parent 2 0 R /Count 1 /Kids [${pageNumber(i)} 0 R] >>`
        : `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 420 595] /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> /Contents ${pageNumber(i) + 1} 0 R >>`,
    );
    add(`<< /Length ${Buffer.byteLength(content, 'latin1')}${packed ? ' /Filter /FlateDecode' : ''} >>\nstream\n${content}\nendstream`);
  });
  const chunks = ['%PDF-1.4\n'];
  const offsets: number[] = [];
  let length = chunks[0]!.length;
  const write = (text: string) => {
    chunks.push(text);
    length += Buffer.byteLength(text, 'latin1');
  };
  objects.forEach((body, i) => {
    offsets.push(length);
    write(`${i + 1} 0 obj\n${body}\nendobj\n`);
  });
  const table = length;
  write(`xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('')}`);
  const lock = locked
    ? `/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <${'5a'.repeat(32)}> /U <${'3c'.repeat(32)}> >> /ID [<${'01'.repeat(16)}> <${'01'.repeat(16)}>]`
    : '';
  write(`trailer\n<< /Size ${objects.length + 1} /Root 1 0 R /Info 5 0 R ${lock} >>\nstartxref\n${table}\n%%EOF\n`);
  return Buffer.from(chunks.join(''), 'latin1');
};

/** Lines one below the other, as one run each. */
export const column = (lines: readonly string[], x: number, top: number, size = 10): TestText[] =>
  lines.map((text, i) => ({ text, x, y: top - i * size * 1.2, size }));
