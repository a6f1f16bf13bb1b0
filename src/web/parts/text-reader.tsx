import { useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import { blocksOf } from '../state/blocks.ts';
import { openSpan, select, selection } from '../state/route.ts';
import { type Mark, segments } from '../state/segments.ts';
import type { Document } from '../state/types.ts';
import { documentName, hueOf } from '../state/words.ts';
import { ScrollRegion } from './scroll-region.tsx';

const here = '!here';

/** The text in its own order; a click on a name selects its entity. */
export function TextReader({ document }: { document: Document }): JSX.Element {
  const box = useRef<HTMLElement>(null);
  const blocks = useMemo(
    () =>
      blocksOf(document.text, document.sentenceSpans).filter(
        ({ start, end, kind }, index) => index > 0 || kind !== 'heading' || document.text.slice(start, end).trim() !== document.title?.trim(),
      ),
    [document],
  );
  const mentions = useMemo<Mark[]>(() => document.resolved.map(({ start, end }, index) => ({ start, end, mark: String(index) })), [document]);
  const span = openSpan.value;
  const chosen = selection.value?.kind === 'entity' ? selection.value.id : null;

  useSignalEffect(() => {
    openSpan.value;
    requestAnimationFrame(() => box.current?.querySelector('.here')?.scrollIntoView({ block: 'center' }));
  });

  const marks: Mark[] = span ? [{ ...span, mark: here }, ...mentions] : mentions;
  return (
    <ScrollRegion box={box} id="document-body" class="reader" label={documentName(document)}>
      <div class="column">
        <h1>{documentName(document)}</h1>
        <p class="about">{[document.year, document.venue, document.names[0]].filter(Boolean).join(' · ')}</p>
        {blocks.map((block) => (
          <p key={block.start} class={`block ${block.kind}`}>
            {segments(
              document.text.slice(block.start, block.end),
              marks.filter(({ start, end }) => start < block.end && end > block.start),
              block.start,
            ).map((piece) => {
              const isHere = piece.marks.includes(here);
              const inner = piece.marks.findLast((mark) => mark !== here);
              const mention = inner === undefined ? undefined : document.resolved[Number(inner)];
              if (!mention) return isHere ? <span class="here">{piece.text}</span> : piece.text;
              const { entity, kind, name } = mention;
              return (
                // biome-ignore lint/a11y/useKeyWithClickEvents: hundreds of stops would drown the text; the same entities are buttons in the inspector
                // biome-ignore lint/a11y/noStaticElementInteractions: as above
                <span
                  class={`mention hue-${hueOf(kind)}${entity !== null && entity === chosen ? ' chosen' : ''}${isHere ? ' here' : ''}`}
                  title={name ? `${kind}: ${name}` : kind}
                  onClick={() => entity !== null && select({ kind: 'entity', id: entity })}
                >
                  {piece.text}
                </span>
              );
            })}
          </p>
        ))}
      </div>
    </ScrollRegion>
  );
}
