// Makes the PDF and Word files of examples/papers from the pages and texts beside this script. Needs a Chromium (CHROMIUM, default /usr/bin/chromium).
import { readFileSync, writeFileSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { type DocxParagraph, testDocx } from '../src/read/loaders/testing/docx.ts';

const sources = new URL('./papers/', import.meta.url);
const papers = new URL('../examples/papers/', import.meta.url);

// "# title", "## heading", paragraphs between blank lines.
const paragraphs = (text: string): DocxParagraph[] =>
  text
    .trim()
    .split(/\n\s*\n/)
    .map((block) => {
      const words = block.replace(/\s+/g, ' ');
      if (words.startsWith('## ')) return { text: words.slice(3), style: 'Heading1' };
      return words.startsWith('# ') ? { text: words.slice(2), style: 'Title' } : { text: words };
    });

for (const name of ['scene-text', 'sign-language'])
  writeFileSync(new URL(`${name}.docx`, papers), testDocx(paragraphs(readFileSync(new URL(`${name}.md`, sources), 'utf8'))));

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  const page = await browser.newPage();
  for (const name of ['span-lattice', 'accent-adapters']) {
    await page.goto(new URL(`${name}.html`, sources).href);
    writeFileSync(new URL(`${name}.pdf`, papers), await page.pdf({ preferCSSPageSize: true }));
  }
} finally {
  await browser.close();
}
