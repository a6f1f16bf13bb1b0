import type { JSX } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { visible } from '../chat/tokens.ts';
import { Section } from '../parts/inspector-parts.tsx';
import { TryAgain } from '../parts/not-yet.tsx';
import { ScrollRegion } from '../parts/scroll-region.tsx';
import { TokenBar } from '../parts/token-bar.tsx';
import type { InspectLensRead } from '../state/types.ts';
import { percent } from '../state/words.ts';
import { AskRow, Prompt } from './ask.tsx';
import {
  chooseCell,
  chosenCell,
  chosenModel,
  isLensChanged,
  lastPlaces,
  lens,
  lensTrouble,
  lookThroughLens,
  pointedCell,
  promptDraft,
  shownCell,
} from './inspect-state.ts';
import { cellName, lensFinding, moved } from './lens.ts';
import { wordOf } from './pair.ts';

const steps: Readonly<Record<string, readonly [down: number, right: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  Home: [0, -Infinity],
  End: [0, Infinity],
  PageUp: [-Infinity, 0],
  PageDown: [Infinity, 0],
};
const strongest = 46; // % of the accent: words stay readable on it

/** Layers downwards, the last places of the text across; one cell is reached by Tab and the others by arrows. */
function Grid({ read, at }: { read: InspectLensRead; at: string }): JSX.Element {
  const table = useRef<HTMLTableElement>(null);
  const press = (event: KeyboardEvent) => {
    const step = steps[event.key];
    const from = chosenCell.peek();
    if (!step || !from || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const next = moved(read, from, ...step);
    if (next) table.current?.querySelector<HTMLElement>(`[data-cell="${cellName(next)}"]`)?.focus();
  };
  useEffect(
    () => () => {
      pointedCell.value = null;
    },
    [],
  );
  const places = read.layers[0]?.places ?? [];
  return (
    <table
      ref={table}
      // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a grid is a table that is walked through by arrows
      role="grid"
      class="lens"
      aria-label="The likeliest token after every block, at the last places of the text"
      onKeyDown={press}
      onPointerLeave={() => {
        pointedCell.value = null;
      }}
    >
      <thead>
        <tr>
          <th scope="col">after block</th>
          {places.map(({ place }) => (
            <th key={place} scope="col">
              <code>{visible(read.tokens[place] ?? '')}</code>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {read.layers.map(({ layer, places: row }) => (
          <tr key={layer}>
            <th scope="row">{layer}</th>
            {row.map(({ place, top: [first] }) => {
              const name = cellName({ layer, place });
              return (
                <td
                  key={place}
                  // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a cell of a grid takes the focus
                  role="gridcell"
                  data-cell={name}
                  tabIndex={name === at ? 0 : -1}
                  aria-selected={name === at}
                  style={{ background: `color-mix(in srgb, var(--accent) ${((first?.probability ?? 0) * strongest).toFixed(1)}%, var(--paper))` }}
                  onFocus={() => chooseCell(name)}
                  onPointerEnter={() => {
                    pointedCell.value = name;
                  }}
                >
                  <code>{visible(first?.token ?? '')}</code>
                  <span class="hidden-text">, {percent(first?.probability ?? 0)}</span>
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** One text, and what the model would say after every block of its last places. */
export function LensView(): JSX.Element {
  const read = lens.data.value;
  const chosen = chosenCell.value;
  const at = chosen ? cellName(chosen) : '';
  const grid = useMemo(() => read && <Grid read={read} at={at} />, [read, at]);
  return (
    <ScrollRegion class="inspect-view" label="Logit lens">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          lookThroughLens();
        }}
      >
        <Prompt label="Text" says="what comes next is what is looked at" draft={promptDraft} />
        <AskRow isLoading={lens.loading.value} trouble={lensTrouble.value} isOld={read !== null && isLensChanged.value} />
      </form>
      <TryAgain of={lens} />
      {read ? (
        <>
          <h2>{lensFinding(read, wordOf)}</h2>
          <p class="quiet small">
            {chosenModel.value}: what it would say if it ended after so many blocks, at the last {Math.min(lastPlaces, read.tokens.length)} of{' '}
            {read.tokens.length} tokens. The stronger a cell, the likelier its token.
          </p>
          <ScrollRegion class="lens-box" label="Layers and places">
            {grid}
          </ScrollRegion>
        </>
      ) : (
        !lens.error.value &&
        !lens.loading.value && (
          <p class="quiet inspect-hint">
            What a model holds between two blocks can be read as if it were its last word. So one sees an answer form, layer by layer. Try the text that stands
            here.
          </p>
        )
      )}
    </ScrollRegion>
  );
}

/** The cell that is pointed at or chosen, with its likeliest tokens. */
export function CellDetails({ read }: { read: InspectLensRead }): JSX.Element {
  const cell = shownCell.value;
  return (
    <aside class="inspector cell-details" aria-label="Details of the cell">
      <header>
        <p class="kind">After block {cell?.layer ?? 0}, at the token</p>
        <h2>
          <code>{visible(read.tokens[cell?.place ?? -1] ?? '')}</code>
        </h2>
      </header>
      <ScrollRegion class="content" label="About the cell">
        <Section title="it would say">
          <ol class="alternatives">
            {(cell?.top ?? []).map(({ id, token, probability }) => (
              <TokenBar key={id} text={token} probability={probability} />
            ))}
          </ol>
        </Section>
        <p class="hint">Point at a cell, or walk through the grid with the arrow keys.</p>
      </ScrollRegion>
    </aside>
  );
}
