import { useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import { openSpan, select, selection } from '../state/route.ts';
import { type Sheet, sheetsOf } from '../state/sheets.ts';
import type { Document } from '../state/types.ts';
import { hueOf } from '../state/words.ts';
import { ScrollRegion } from './scroll-region.tsx';

function Page({ sheet, document }: { sheet: Sheet; document: Document }): JSX.Element {
  const span = openSpan.value;
  const chosen = selection.value?.kind === 'entity' ? selection.value.id : null;
  const overlaps = (a: { start: number; end: number }, b: { start: number; end: number }) => a.start < b.end && b.start < a.end;
  const mentions = document.resolved.filter(({ start, end }) => start < sheet.end && end > sheet.start);
  return (
    <svg
      class="sheet"
      viewBox={`0 0 ${sheet.width} ${sheet.height}`}
      role="img"
      aria-label={`Page ${sheet.number}`}
      style={{ containIntrinsicSize: `760px ${Math.round((760 * sheet.height) / sheet.width)}px` }}
    >
      {sheet.lines.map((line) => {
        const [left, top, width, height] = line.box;
        const part = (span: { start: number; end: number }) => {
          const from = Math.max(span.start, line.start) - line.start;
          const to = Math.min(span.end, line.end) - line.start;
          const length = Math.max(1, line.end - line.start);
          return { x: left + (width * from) / length, width: (width * (to - from)) / length };
        };
        return (
          <g key={line.start}>
            {span && overlaps(span, line) && <rect class="lit" {...part(span)} y={top - 1} height={height + 2} />}
            {mentions
              .filter((mention) => overlaps(mention, line))
              .map((mention) => (
                <rect
                  key={mention.start}
                  class={`mention-box hue-${hueOf(mention.kind)}`}
                  {...part(mention)}
                  y={mention.entity !== null && mention.entity === chosen ? top - 1 : top + height - 1}
                  height={mention.entity !== null && mention.entity === chosen ? height + 2 : 2}
                />
              ))}
            <text x={left} y={top + height * 0.82} font-size={height * 0.95} textLength={width} lengthAdjust="spacingAndGlyphs">
              {document.text.slice(line.start, line.end).replaceAll('\n', ' ')}
            </text>
            {mentions
              .filter((mention) => mention.entity !== null && overlaps(mention, line))
              .map((mention) => (
                // biome-ignore lint/a11y/noStaticElementInteractions: a picture of the page; the same entities are buttons in the inspector
                <rect
                  key={mention.start}
                  {...part(mention)}
                  y={top - 1}
                  height={height + 2}
                  fill="transparent"
                  style={{ cursor: 'pointer' }}
                  onClick={() => select({ kind: 'entity', id: mention.entity! })}
                >
                  <title>{mention.name ?? mention.kind}</title>
                </rect>
              ))}
          </g>
        );
      })}
    </svg>
  );
}

/** The pages, drawn from where each piece of text stands on them: what is marked on a page is exactly what was read from it. */
export function PageReader({ document }: { document: Document }): JSX.Element {
  const box = useRef<HTMLElement>(null);
  const sheets = useMemo(() => sheetsOf(document.pages), [document]);

  useSignalEffect(() => {
    const span = openSpan.value;
    if (!span) return;
    const place = sheets.findIndex(({ start, end }) => span.start >= start && span.start < end);
    requestAnimationFrame(() => {
      const lit = box.current?.querySelector('.lit');
      (lit ?? box.current?.querySelectorAll('.sheet')[place])?.scrollIntoView({ block: 'center' });
    });
  });

  return (
    <ScrollRegion box={box} id="document-body" class="pages" label="Pages">
      <p class="sheet-note">Drawn from the positions of the text; figures and lines are left out.</p>
      {sheets.map((sheet) => (
        <Page key={sheet.number} sheet={sheet} document={document} />
      ))}
    </ScrollRegion>
  );
}
