import { useSignal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface Props<T> {
  readonly id: string;
  readonly label: string;
  readonly items: readonly T[];
  readonly rowHeight: number;
  readonly keyOf: (item: T) => string;
  readonly selected: string | null;
  readonly onSelect: (item: T) => void;
  readonly onOpen?: (item: T) => void;
  readonly row: (item: T) => ComponentChildren;
}

const spare = 6;

/** A list of which only the rows in sight exist; arrows, Home, End and Page keys move, Enter opens. */
export function VirtualList<T>({ id, label, items, rowHeight, keyOf, selected, onSelect, onOpen, row }: Props<T>): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const height = useSignal(600);
  const place = items.findIndex((item) => keyOf(item) === selected);

  useEffect(() => {
    const element = box.current!;
    const watch = new ResizeObserver(() => {
      height.value = element.clientHeight;
    });
    watch.observe(element);
    return () => watch.disconnect();
  }, [height]);

  useEffect(() => {
    const element = box.current;
    if (!element || place < 0) return;
    const at = place * rowHeight;
    if (at < element.scrollTop) element.scrollTop = at;
    else if (at + rowHeight + 8 > element.scrollTop + element.clientHeight) element.scrollTop = at + rowHeight + 8 - element.clientHeight;
  }, [place, rowHeight]);

  const first = Math.max(0, Math.floor(top.value / rowHeight) - spare);
  const last = Math.min(items.length, Math.ceil((top.value + height.value) / rowHeight) + spare);

  const press = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor(height.peek() / rowHeight) - 1);
    const moves: Record<string, number> = {
      ArrowDown: place + 1,
      ArrowUp: place - 1,
      Home: 0,
      End: items.length - 1,
      PageDown: place + page,
      PageUp: place - page,
    };
    const to = moves[event.key];
    if (to !== undefined && items.length > 0) {
      event.preventDefault();
      onSelect(items[Math.max(0, Math.min(items.length - 1, to))]!);
    } else if (event.key === 'Enter' && place >= 0) {
      event.preventDefault();
      (onOpen ?? onSelect)(items[place]!);
    }
  };

  return (
    <div
      ref={box}
      id={id}
      class="list"
      role="listbox"
      aria-label={label}
      tabIndex={0}
      aria-activedescendant={place >= first && place < last ? `${id}-${place}` : undefined}
      onScroll={(event) => {
        top.value = event.currentTarget.scrollTop;
      }}
      onKeyDown={press}
    >
      <div class="rows" role="presentation" style={{ height: `${items.length * rowHeight}px` }}>
        {items.slice(first, last).map((item, index) => (
          // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus and names the active row (aria-activedescendant)
          // biome-ignore lint/a11y/useKeyWithClickEvents: the list handles the keys
          <div
            key={keyOf(item)}
            id={`${id}-${first + index}`}
            class={`row${first + index === place ? ' active' : ''}`}
            role="option"
            aria-selected={first + index === place}
            aria-setsize={items.length}
            aria-posinset={first + index + 1}
            style={{ top: `${(first + index) * rowHeight}px`, height: `${rowHeight}px` }}
            onClick={() => onSelect(item)}
            onDblClick={() => onOpen?.(item)}
          >
            {row(item)}
          </div>
        ))}
      </div>
    </div>
  );
}
