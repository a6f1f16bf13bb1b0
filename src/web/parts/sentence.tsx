import type { JSX } from 'preact';
import { openAt, openDocument, openSpan, view } from '../state/route.ts';
import { type Mark, segments } from '../state/segments.ts';
import { fileName } from '../state/words.ts';
import { narrowPane } from './narrow.ts';

interface Props {
  readonly document: string;
  readonly documentName: string | null;
  readonly page: number | null;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** `mark` is the class of the stretch. */
  readonly marks: readonly Mark[];
}

/** A sentence with what it names; a click opens its document at that very place. */
export function Sentence({ document, documentName, page, start, end, text, marks }: Props): JSX.Element {
  const isHere = view.value === 'document' && openDocument.value === document && openSpan.value?.start === start;
  return (
    <button
      type="button"
      class="sentence"
      aria-current={isHere ? 'true' : undefined}
      onClick={() => {
        narrowPane.value = 'main';
        openAt(document, { start, end });
      }}
    >
      <q>
        {segments(text, marks, start).map((piece) =>
          piece.marks.length > 0 ? (
            <mark key={piece.start} class={piece.marks[0]}>
              {piece.text}
            </mark>
          ) : (
            <span key={piece.start}>{piece.text}</span>
          ),
        )}
      </q>
      <span class="from">
        <span class="cut">{fileName(documentName) || document.slice(0, 12)}</span>
        {page !== null && <span>p.&nbsp;{page}</span>}
      </span>
    </button>
  );
}
