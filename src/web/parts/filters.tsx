import { computed, effect, signal } from '@preact/signals';
import type { JSX } from 'preact';
import { graph } from '../state/data.ts';
import { go, minimumSupport, relationFilter, typeFilter } from '../state/route.ts';
import { compareKinds, hueOf, kindWords, number, relationNames, relationWords } from '../state/words.ts';

/** Kinds with their numbers in the graph as last seen without a filter of kinds, so that a filter never hides its own way back. */
const kinds = signal<readonly (readonly [string, number])[]>([]);
effect(() => {
  const data = graph.data.value;
  if (!data) return;
  const counts = new Map<string, number>();
  for (const { kind } of data.entities) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  if (typeFilter.peek().length > 0 && kinds.peek().length > 0) {
    const known = new Map(kinds.peek());
    for (const [kind, count] of counts) if (!known.has(kind)) known.set(kind, count);
    kinds.value = [...known];
  } else kinds.value = [...counts].sort(([a], [b]) => compareKinds(a, b));
});
const chosen = computed(() => new Set(typeFilter.value));

const toggle = (kind: string): void => {
  const next = new Set(chosen.peek());
  if (!next.delete(kind)) next.add(kind);
  go({ types: [...next].sort(compareKinds).join(',') || null }, { replace: true });
};

const supports = [1, 2, 3, 5, 10, 20, 50];

/** What the graph shows: its legend is its filter. */
export function Filters(): JSX.Element {
  return (
    <fieldset class="filters" aria-label="Filter the graph">
      {kinds.value.map(([kind, count]) => (
        <button
          key={kind}
          type="button"
          class={`chip hue-${hueOf(kind)}`}
          aria-pressed={chosen.value.has(kind)}
          title={`Only ${kindWords(kind)}`}
          onClick={() => toggle(kind)}
        >
          <i class="dot" />
          {kindWords(kind)}
          <span class="count">{number(count)}</span>
        </button>
      ))}
    </fieldset>
  );
}

/** Which facts the graph shows: by relation and by how often they are stated. */
export function FactFilters(): JSX.Element {
  const relation = relationFilter.value[0] ?? '';
  return (
    <div class="fact-filters">
      <select aria-label="Relation" value={relation} onChange={(event) => go({ relations: event.currentTarget.value || null }, { replace: true })}>
        <option value="">any relation</option>
        {relationNames.map((name) => (
          <option key={name} value={name}>
            {relationWords(name)}
          </option>
        ))}
      </select>
      <select
        aria-label="Sentences that must state a fact"
        title="Sentences that must state a fact"
        value={String(minimumSupport.value)}
        onChange={(event) => go({ min: event.currentTarget.value === '1' ? null : event.currentTarget.value }, { replace: true })}
      >
        {supports.map((support) => (
          <option key={support} value={String(support)}>
            {support === 1 ? 'any support' : `≥ ${support} sentences`}
          </option>
        ))}
      </select>
    </div>
  );
}
