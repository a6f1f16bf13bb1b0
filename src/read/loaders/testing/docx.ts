// Small Word files for tests and samples.
import { writeZip } from '../zip.ts';

export interface DocxParagraph {
  readonly text: string;
  readonly style?: 'Title' | 'Heading1' | 'Heading2';
  /** Not shown by Word. */
  readonly hidden?: boolean;
}

const escaped = (text: string) => text.replace(/[&<>"]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[character]!);
const head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const packages = 'http://schemas.openxmlformats.org/package/2006';
const office = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const word = 'http://schemas.openxmlformats.org/wordprocessingml/2006/main';

const style = (id: string, name: string, size: number) =>
  `<w:style w:type="paragraph" w:styleId="${id}"><w:name w:val="${name}"/><w:pPr><w:spacing w:before="200" w:after="120"/></w:pPr><w:rPr><w:b/><w:sz w:val="${size}"/></w:rPr></w:style>`;

/** The parts of a Word document with these paragraphs. */
export const docxParts = (paragraphs: readonly DocxParagraph[]): Map<string, Buffer> => {
  const body = paragraphs
    .map(
      ({ text, style: name, hidden }) =>
        `<w:p>${name ? `<w:pPr><w:pStyle w:val="${name}"/></w:pPr>` : ''}<w:r>${hidden ? '<w:rPr><w:vanish/></w:rPr>' : ''}<w:t xml:space="preserve">${escaped(text)}</w:t></w:r></w:p>`,
    )
    .join('');
  const parts: [string, string][] = [
    [
      '[Content_Types].xml',
      `<Types xmlns="${packages}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/><Override PartName="/word/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/></Types>`,
    ],
    [
      '_rels/.rels',
      `<Relationships xmlns="${packages}/relationships"><Relationship Id="rId1" Type="${office}/officeDocument" Target="word/document.xml"/></Relationships>`,
    ],
    [
      'word/_rels/document.xml.rels',
      `<Relationships xmlns="${packages}/relationships"><Relationship Id="rId1" Type="${office}/styles" Target="styles.xml"/></Relationships>`,
    ],
    [
      'word/styles.xml',
      `<w:styles xmlns:w="${word}">${style('Title', 'Title', 36)}${style('Heading1', 'heading 1', 28)}${style('Heading2', 'heading 2', 24)}</w:styles>`,
    ],
    ['word/document.xml', `<w:document xmlns:w="${word}"><w:body>${body}<w:sectPr/></w:body></w:document>`],
  ];
  return new Map(parts.map(([name, text]) => [name, Buffer.from(head + text)]));
};

/** A Word document with these paragraphs. */
export const testDocx = (paragraphs: readonly DocxParagraph[]): Buffer => writeZip(docxParts(paragraphs));
