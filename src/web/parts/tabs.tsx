import type { JSX } from 'preact';
import { number, short } from '../state/words.ts';

interface Props<T extends string> {
  readonly label: string;
  /** Id of the panel that the tabs switch. */
  readonly controls: string;
  readonly value: T;
  readonly tabs: readonly { readonly value: T; readonly label: string; readonly badge?: number | null }[];
  readonly onChange: (value: T) => void;
}

/** Tabs of which one is reached by Tab and the others by arrows. */
export function Tabs<T extends string>({ label, controls, value, tabs, onChange }: Props<T>): JSX.Element {
  const press = (event: KeyboardEvent & { currentTarget: HTMLElement }) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const place = (tabs.findIndex((tab) => tab.value === value) + step + tabs.length) % tabs.length;
    onChange(tabs[place]!.value);
    const buttons = event.currentTarget.querySelectorAll<HTMLElement>('[role=tab]');
    buttons[place]?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={label} onKeyDown={press}>
      {tabs.map((tab) => (
        <button
          key={tab.value}
          type="button"
          role="tab"
          aria-selected={tab.value === value}
          aria-controls={controls}
          tabIndex={tab.value === value ? 0 : -1}
          onClick={() => onChange(tab.value)}
        >
          {tab.label}
          {tab.badge != null && (
            <span class="badge" title={number(tab.badge)}>
              {short(tab.badge)}
            </span>
          )}
        </button>
      ))}
    </div>
  );
}
