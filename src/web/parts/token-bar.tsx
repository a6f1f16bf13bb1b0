import type { JSX } from 'preact';
import { percentOf, visible } from '../chat/tokens.ts';

interface Props {
  readonly text: string;
  readonly probability: number;
  readonly isTaken?: boolean;
  /** Of the line that shows the same token elsewhere, 1…8. */
  readonly hue?: number | undefined;
}

/** A token that could stand at a place: its spelling, and its probability as a bar. */
export function TokenBar({ text, probability, isTaken = false, hue }: Props): JSX.Element {
  return (
    <li class={isTaken ? 'taken' : hue === undefined ? undefined : `hued hue-${hue}`}>
      <code>{visible(text)}</code>
      <span class="share figure">{percentOf(probability)}</span>
      <i class="rod" style={{ width: `${Math.max(0.4, probability * 100)}%` }} />
      {isTaken && <span class="hidden-text">, taken</span>}
    </li>
  );
}
