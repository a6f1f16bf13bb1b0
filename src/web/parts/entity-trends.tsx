import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { get } from '../state/api.ts';
import { graph, trendRelationName, trendRole, trends } from '../state/data.ts';
import { go, select, trendKind } from '../state/route.ts';
import { complain, say } from '../state/toasts.ts';
import { entityLines, finding, trendsCsv } from '../state/trend-shares.ts';
import type { SearchResult } from '../state/types.ts';
import { kindOrder, kindWords, relationNames, relationWords, reversedWords } from '../state/words.ts';
import { TrendPicture } from './trend-picture.tsx';

async function choose(name: string): Promise<void> {
  const known = graph.data.peek()?.entities.find((entity) => entity.name === name);
  const id = known?.id ?? (await get<SearchResult>(`/api/search?${new URLSearchParams({ q: name, limit: '1' })}`)).entities[0]?.id;
  if (id) go({ of: id });
  else say(`No entity is called “${name}”.`);
}

/** How a relation of one entity went over the years. */
export function EntityTrends(): JSX.Element {
  const found = trends.data.value;
  const typed = useSignal<string | null>(null);
  const lines = useMemo(() => (found ? entityLines(found) : []), [found]);
  const suggestions = [...(graph.data.value?.entities ?? [])].sort((a, b) => b.documents - a.documents);
  const relation = `${trendRole.value === 'object' ? '~' : ''}${trendRelationName.value}`;

  return (
    <>
      <form
        class="ask"
        onSubmit={(event) => {
          event.preventDefault();
          if (typed.value?.trim()) choose(typed.value.trim()).catch(complain);
        }}
      >
        <input
          class="field"
          aria-label="Entity"
          list="trend-entities"
          placeholder="an entity"
          autocomplete="off"
          value={typed.value ?? found?.entity.name ?? ''}
          onInput={(event) => {
            typed.value = event.currentTarget.value;
          }}
          onChange={(event) => {
            const name = event.currentTarget.value.trim();
            typed.value = null;
            if (name && name !== found?.entity.name) choose(name).catch(complain);
          }}
        />
        <datalist id="trend-entities">
          {suggestions.slice(0, 200).map(({ id, name }) => (
            <option key={id} value={name} />
          ))}
        </datalist>
        <select aria-label="Relation" value={relation} onChange={(event) => go({ trend: event.currentTarget.value }, { replace: true })}>
          {relationNames.flatMap((name) => [
            <option key={name} value={name}>
              {relationWords(name)} …
            </option>,
            reversedWords(name) !== relationWords(name) && (
              <option key={`~${name}`} value={`~${name}`}>
                {reversedWords(name)} …
              </option>
            ),
          ])}
        </select>
        <select
          aria-label="Kind at the other end"
          value={trendKind.value}
          onChange={(event) => go({ kind: event.currentTarget.value || null }, { replace: true })}
        >
          <option value="">anything</option>
          {kindOrder.map((kind) => (
            <option key={kind} value={kind}>
              any {kindWords(kind)}
            </option>
          ))}
        </select>
        over the years
      </form>
      <TrendPicture
        error={trends.error.value}
        isLoading={trends.loading.value || graph.loading.value}
        finding={found && finding(found)}
        lines={lines}
        hint={
          suggestions.length === 0 ? 'Read dated documents, and trends appear here.' : 'Choose an entity: the plot shows what it is used for, year by year.'
        }
        advice="try another relation"
        counts="Of the documents of a year that mention each name, the share that states it"
        yLabel="share of its documents (%)"
        csv={() => trendsCsv(found!)}
        onChoose={(id) => select({ kind: 'entity', id })}
      />
    </>
  );
}
