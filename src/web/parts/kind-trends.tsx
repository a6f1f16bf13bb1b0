import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { graph, kindTrends } from '../state/data.ts';
import { kindFinding, kindLines, kindTrendsCsv } from '../state/kind-shares.ts';
import { go, kindRelation, objectKind, subjectKind } from '../state/route.ts';
import { compareKinds, kindOrder, kindWords, oneOf, relationNames, relationWords } from '../state/words.ts';
import { TrendPicture } from './trend-picture.tsx';

/** A kind at one end of the relations. */
function KindSelect({
  label,
  value,
  kinds,
  onChoose,
}: {
  label: string;
  value: string;
  kinds: readonly string[];
  onChoose: (kind: string) => void;
}): JSX.Element {
  return (
    <select aria-label={label} value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
      {kinds.map((kind) => (
        <option key={kind} value={kind}>
          any {kindWords(kind)}
        </option>
      ))}
    </select>
  );
}

/** How the relations between two kinds of entity went over the years. */
export function KindTrends(): JSX.Element {
  const found = kindTrends.data.value;
  const lines = useMemo(() => (found ? kindLines(found) : []), [found]);
  const [subject, object, relation] = [subjectKind.value, objectKind.value, kindRelation.value];
  const inGraph = graph.data.value?.entities.map(({ kind }) => kind) ?? [];
  const kinds = [...new Set([...kindOrder, ...inGraph, subject, object])].sort(compareKinds);
  const relations = [...new Set([...relationNames, ...lines.map(({ id }) => id), ...(relation ? [relation] : [])])];
  const [one, named] = found ? [oneOf(found.subject), oneOf(found.object)] : ['', ''];

  return (
    <>
      <fieldset class="ask" aria-label="Which kinds">
        <KindSelect label="Kind of the subject" value={subject} kinds={kinds} onChoose={(kind) => go({ subject: kind }, { replace: true })} />
        <select aria-label="Relation" value={relation} onChange={(event) => go({ relation: event.currentTarget.value }, { replace: true })}>
          <option value="">any relation</option>
          {relations.map((name) => (
            <option key={name} value={name}>
              {relationWords(name)} …
            </option>
          ))}
        </select>
        <KindSelect label="Kind of the object" value={object} kinds={kinds} onChoose={(kind) => go({ object: kind }, { replace: true })} />
        over the years
      </fieldset>
      <TrendPicture
        error={kindTrends.error.value}
        isLoading={kindTrends.loading.value}
        finding={found && kindFinding(found, relation)}
        lines={lines}
        hint="Choose two kinds: the plot shows the relations between them, year by year."
        advice="try another relation or other kinds"
        counts={`Of the documents of a year that name ${named}, the share that states each relation of ${one} to one`}
        yLabel={`share of documents with ${named} (%)`}
        csv={() => kindTrendsCsv(found!)}
        onChoose={(id) => go({ relation: id })}
      />
      {lines.length > 0 && (
        <p>
          <button
            type="button"
            class="button"
            onClick={() => go({ view: null, near: null, types: [...new Set([subject, object])].join(','), relations: relation })}
          >
            Show them in the graph
          </button>
        </p>
      )}
    </>
  );
}
