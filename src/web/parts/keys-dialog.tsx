import type { JSX } from 'preact';
import { commands, keysShown } from './commands.ts';
import { Dialog } from './dialog.tsx';

const elsewhere = [
  ['↑ ↓ ← →', 'In lists: move. In the graph: go from entity to entity; with Shift: move the picture'],
  ['Enter', 'In lists: open. In the graph: only what is around the entity'],
  ['+ − 0', 'In the graph: zoom in, zoom out, show all'],
  ['a x', 'In the review: one, apart'],
  [
    '← →',
    'In an answer: from token to token, with ↑ ↓ from line to line. Through the lens: from cell to cell. In a judged document: from sentence to sentence',
  ],
  ['Esc', 'While an answer is written: stop'],
] as const;

/** Every key, in one place. */
export function KeysDialog(): JSX.Element {
  return (
    <Dialog id="keys-title" title="Keys" open={keysShown}>
      <dl class="keys">
        {commands.map(({ key, name }) => [
          <dt key={key}>
            <kbd>{key === 'Escape' ? 'Esc' : key}</kbd>
          </dt>,
          <dd key={`${key} does`}>{name}</dd>,
        ])}
        {elsewhere.map(([key, does]) => [
          <dt key={key}>
            {key.split(' ').map((each) => (
              <kbd key={each}>{each}</kbd>
            ))}
          </dt>,
          <dd key={`${key} does`}>{does}</dd>,
        ])}
      </dl>
    </Dialog>
  );
}
