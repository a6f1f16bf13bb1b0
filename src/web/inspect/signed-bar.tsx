import type { JSX } from 'preact';

interface Props {
  readonly text: string;
  readonly value: number;
  /** The value as it is written. */
  readonly figure: string;
  /** What a whole bar stands for. */
  readonly most: number;
  readonly isChosen: boolean;
  readonly onChoose: () => void;
}

/** A thing that can be chosen, and its figure as a bar: of the first hue above 0, of the second below. */
export function SignedBar({ text, value, figure, most, isChosen, onChoose }: Props): JSX.Element {
  return (
    <li class={`hued hue-${value < 0 ? 2 : 1}`}>
      <button type="button" class="link" aria-current={isChosen} onClick={onChoose}>
        {text}
      </button>
      <span class="share figure">{figure}</span>
      <i class="rod" style={{ width: `${Math.min(100, (Math.abs(value) / most) * 100)}%` }} />
    </li>
  );
}
