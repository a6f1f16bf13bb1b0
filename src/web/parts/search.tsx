import { computed, signal, useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { allRuns } from '../state/data.ts';
import { resource } from '../state/resource.ts';
import { go, openAt, select } from '../state/route.ts';
import type { SearchResult } from '../state/types.ts';
import { documentName, fileName, hueOf, kindWords, number } from '../state/words.ts';
import { commands } from './commands.ts';
import { Icon } from './icons.tsx';
import { narrowPane } from './narrow.ts';

interface Result {
  readonly key: string;
  readonly group: string;
  readonly hue: number | null;
  readonly text: string;
  readonly under: string;
  readonly figure: string;
  readonly open: () => void;
}

const text = signal('');
/** What was typed, once the typing rests. */
const asked = signal('');
const restMs = 120;
let timer = 0;

const answer = resource<SearchResult>(
  () => (asked.value.trim() ? `/api/search?${new URLSearchParams({ q: asked.value.trim(), limit: '6' })}` : null),
  ['documents', 'graph'],
);

/** Case and punctuation aside. */
const plain = (name: string): string => name.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, ' ');

const results = computed<Result[]>(() => {
  const words = text.value.trim().toLowerCase();
  if (!words) return [];
  const found = answer.data.value;
  const list: Result[] = [];
  for (const entity of found?.entities ?? []) {
    const under = plain(entity.matched) === plain(entity.name) ? kindWords(entity.kind) : `${kindWords(entity.kind)} · also “${entity.matched}”`;
    list.push({
      key: entity.id,
      group: 'Entities',
      hue: hueOf(entity.kind),
      text: entity.name,
      under,
      figure: number(entity.mentions),
      open: () => go({ sel: `entity:${entity.id}` }, { page: 'read' }),
    });
  }
  for (const document of found?.documents ?? []) {
    const open = () => {
      select({ kind: 'document', id: document.id });
      openAt(document.id);
    };
    list.push({
      key: document.id,
      group: 'Documents',
      hue: null,
      text: documentName(document),
      under: [document.year, document.names[0]].filter(Boolean).join(' · '),
      figure: number(document.mentions),
      open,
    });
  }
  for (const sentence of found?.sentences ?? []) {
    list.push({
      key: `${sentence.document}:${sentence.start}`,
      group: 'Sentences',
      hue: null,
      text: sentence.text,
      under: fileName(sentence.documentName),
      figure: sentence.page === null ? '' : `p. ${sentence.page}`,
      open: () => openAt(sentence.document, sentence),
    });
  }
  for (const run of allRuns.value) {
    if (run.title.toLowerCase().includes(words))
      list.push({ key: run.id, group: 'Runs', hue: null, text: run.title, under: run.state, figure: '', open: () => go({}, { page: 'runs' }) });
  }
  for (const command of commands) {
    if (command.name.toLowerCase().includes(words))
      list.push({ key: command.name, group: 'Commands', hue: null, text: command.name, under: '', figure: command.key, open: command.run });
  }
  return list;
});

export const focusSearch = (): void => document.querySelector<HTMLInputElement>('#search')?.focus();

/** One box that finds entities, documents, sentences, runs and commands. */
export function Search(): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const isOpen = useSignal(false);
  const place = useSignal(0);
  const list = results.value;
  const active = Math.min(place.value, list.length - 1);
  const shown = isOpen.value && text.value.trim() !== '';

  const take = (result: Result) => {
    isOpen.value = false;
    text.value = '';
    asked.value = '';
    narrowPane.value = 'main';
    document.querySelector<HTMLInputElement>('#search')?.blur();
    result.open();
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      isOpen.value = true;
      place.value = (active + (event.key === 'ArrowDown' ? 1 : -1) + list.length) % Math.max(1, list.length);
      box.current?.querySelector(`#result-${place.value}`)?.scrollIntoView({ block: 'nearest' });
    } else if (event.key === 'Enter' && list[active]) {
      event.preventDefault();
      take(list[active]!);
    } else if (event.key === 'Escape') {
      event.stopPropagation();
      if (shown) isOpen.value = false;
      else (event.currentTarget as HTMLElement).blur();
    }
  };

  return (
    <div ref={box} class="search">
      <Icon name="search" size={16} />
      <input
        id="search"
        class="field"
        type="text"
        role="combobox"
        aria-label="Search entities, documents, sentences, runs, commands"
        aria-expanded={shown}
        aria-controls="results"
        aria-autocomplete="list"
        aria-activedescendant={shown && active >= 0 ? `result-${active}` : undefined}
        placeholder="Search"
        autocomplete="off"
        spellcheck={false}
        value={text.value}
        onInput={(event) => {
          text.value = event.currentTarget.value;
          isOpen.value = true;
          place.value = 0;
          clearTimeout(timer);
          timer = window.setTimeout(() => {
            asked.value = text.peek();
          }, restMs);
        }}
        onFocus={() => {
          isOpen.value = true;
        }}
        onBlur={() => {
          isOpen.value = false;
        }}
        onKeyDown={press}
      />
      <span class="key" aria-hidden="true">
        /
      </span>
      <div id="results" class="results" role="listbox" aria-label="Found" hidden={!shown}>
        {shown &&
          list.map((result, index) => (
            <div key={`${result.group}${result.key}`} role="presentation">
              {list[index - 1]?.group !== result.group && <h3 role="presentation">{result.group}</h3>}
              {/* biome-ignore lint/a11y/useFocusableInteractive: the box has the focus and names the active result (aria-activedescendant) */}
              {/* biome-ignore lint/a11y/useKeyWithClickEvents: the box handles the keys */}
              <div
                id={`result-${index}`}
                class="result"
                role="option"
                aria-selected={index === active}
                onPointerDown={(event) => event.preventDefault()}
                onPointerMove={() => {
                  place.value = index;
                }}
                onClick={() => take(result)}
              >
                {result.hue !== null && <i class={`dot hue-${result.hue}`} />}
                <div class="body">
                  <div class="cut">{result.text}</div>
                  {result.under && <div class="small quiet cut">{result.under}</div>}
                </div>
                <span class="count quiet small">{result.figure}</span>
              </div>
            </div>
          ))}
        {shown && list.length === 0 && (
          <p class="nothing">
            {answer.loading.value || asked.value !== text.value ? 'Searching…' : (answer.error.value?.message ?? `Nothing holds “${text.value.trim()}”.`)}
          </p>
        )}
      </div>
    </div>
  );
}
