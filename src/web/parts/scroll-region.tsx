import type { ComponentChildren, JSX, Ref } from 'preact';

interface Props {
  readonly class: string;
  readonly label: string;
  readonly id?: string;
  readonly box?: Ref<HTMLElement>;
  readonly onScroll?: (box: HTMLElement) => void;
  readonly children: ComponentChildren;
}

/** A part of the page that scrolls by itself, and so can be reached and scrolled by keyboard. */
export function ScrollRegion({ class: name, label, id, box, onScroll, children }: Props): JSX.Element {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must take the focus, or the keyboard cannot scroll it
    <section ref={box ?? null} id={id} class={name} aria-label={label} tabIndex={0} onScroll={onScroll && (({ currentTarget }) => onScroll(currentTarget))}>
      {children}
    </section>
  );
}
