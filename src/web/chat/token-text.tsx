import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { choose, chosen, pointed } from './chosen-token.ts';
import type { Answer } from './conversation.ts';
import { percentOf, probabilityOf, spellingOf, stepOf, type Unit, visible } from './tokens.ts';

/** How a place looks and is called. */
function looksOf(unit: Unit): { name: string; label: string } {
  const probability = probabilityOf(unit);
  const kind = unit.text === '' ? ' unseen' : /^\s*\n\s*$/.test(unit.text) ? ' line' : '';
  return {
    name: `token step-${stepOf(probability)}${kind}`,
    label: `${visible(spellingOf(unit))}, ${percentOf(probability)}`,
  };
}

/** The nearest place one line above or below. */
function acrossLines(places: readonly HTMLElement[], from: HTMLElement, down: boolean): HTMLElement | undefined {
  const start = from.getClientRects()[0];
  if (!start) return undefined;
  const rects = places.map((place) => ({ place, rect: place.getClientRects()[0] }));
  const beyond = rects.filter(({ rect }) => rect && (down ? rect.top > start.top + 4 : rect.top < start.top - 4));
  const line = down ? Math.min(...beyond.map(({ rect }) => rect!.top)) : Math.max(...beyond.map(({ rect }) => rect!.top));
  const away = (rect: DOMRect) => Math.abs(rect.left + rect.width / 2 - start.left - start.width / 2);
  return beyond
    .filter(({ rect }) => Math.abs(rect!.top - line) < 4)
    .reduce<{ place: HTMLElement; rect: DOMRect | undefined } | undefined>(
      (best, next) => (!best || away(next.rect!) < away(best.rect!) ? next : best),
      undefined,
    )?.place;
}

const numberOf = (target: EventTarget | null): number | null => {
  const place = target instanceof HTMLElement ? target.closest<HTMLElement>('[data-place]') : null;
  return place ? Number(place.dataset['place']) : null;
};

/** An answer token by token: one stop for Tab, arrows walk through it, and every place opens what else could have stood there. */
export function TokenText({ answer }: { answer: Answer }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const own = chosen.value?.answer === answer.id ? chosen.value.index : null;
  const id = (index: number) => `token-${answer.id}-${index}`;
  const last = answer.units.length - 1;

  const move = (to: number) => {
    const index = Math.max(0, Math.min(last, to));
    pointed.value = null;
    choose({ answer: answer.id, index });
  };
  useEffect(() => {
    if (own === null) return;
    // Once the inspector has taken its room.
    const frame = requestAnimationFrame(() => document.getElementById(`token-${answer.id}-${own}`)?.scrollIntoView({ block: 'nearest' }));
    return () => cancelAnimationFrame(frame);
  }, [own, answer.id]);
  const press = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowRight: (own ?? -1) + 1, ArrowLeft: (own ?? 1) - 1, Home: 0, End: last };
    let to = steps[event.key];
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const places = [...box.current!.querySelectorAll<HTMLElement>('[data-place]')];
      const from = document.getElementById(id(own ?? 0));
      const next = from && acrossLines(places, from, event.key === 'ArrowDown');
      to = numberOf(next ?? null) ?? own ?? 0;
    }
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    move(to);
  };

  return (
    <div
      ref={box}
      class="tokens"
      role="listbox"
      aria-label={`Answer of ${answer.model}, token by token`}
      aria-orientation="horizontal"
      tabIndex={0}
      aria-activedescendant={own !== null && own <= last ? id(own) : undefined}
      onKeyDown={press}
      onPointerOver={(event) => {
        const index = event.pointerType === 'touch' ? null : numberOf(event.target);
        pointed.value = index === null ? null : { answer: answer.id, index };
      }}
      onPointerLeave={() => {
        pointed.value = null;
      }}
      onClick={(event) => {
        const index = numberOf(event.target);
        // Words that were marked to be copied are no choice.
        if (index !== null && getSelection()?.isCollapsed !== false) move(index);
      }}
    >
      {answer.units.map((unit, index) => {
        if (unit.tokens.length === 0) return unit.text;
        const { name, label } = looksOf(unit);
        return (
          // biome-ignore lint/a11y/useFocusableInteractive: the text has the focus and names the active token (aria-activedescendant)
          <span
            key={index}
            id={id(index)}
            data-place={index}
            class={index === own ? `${name} chosen` : name}
            role="option"
            aria-selected={index === own}
            aria-label={label}
          >
            {unit.text === '' ? <code>{visible(spellingOf(unit))}</code> : unit.text}
          </span>
        );
      })}
    </div>
  );
}
