import type { JSX } from 'preact';
import { fact } from '../state/data.ts';
import { select } from '../state/route.ts';
import type { EntitySummary } from '../state/types.ts';
import { counted, hueOf, relationWords, reversedWords } from '../state/words.ts';
import { Failure, Head, Section } from './inspector-parts.tsx';
import { ScrollRegion } from './scroll-region.tsx';
import { Sentence } from './sentence.tsx';

function Reference({ entity }: { entity: EntitySummary }): JSX.Element {
  return (
    <button type="button" class="ref" onClick={() => select({ kind: 'entity', id: entity.id })}>
      <i class={`dot hue-${hueOf(entity.kind)}`} />
      <span>{entity.name}</span>
    </button>
  );
}

export function FactDetails(): JSX.Element {
  const found = fact.data.value;
  if (fact.error.value) return <Failure error={fact.error.value} title="Fact" />;
  if (!found) return <Head title="…" kind="Fact" hue={8} />;
  const { subject, relation, object, support, documents, score, conflicts, sources } = found;
  return (
    <>
      <Head title={`${subject.name} ${relationWords(relation)} ${object.name}`} kind="Fact" hue={8}>
        <span class="triple">
          <Reference entity={subject} /> <span class="relation">{relationWords(relation)}</span> <Reference entity={object} />
        </span>
      </Head>
      <ScrollRegion class="content" label="About this fact">
        <Section>
          <p class="why">
            Stated by {counted(support, 'sentence')} in {counted(documents, 'document')}. The reader’s own score that at least one of them says so:{' '}
            {score > 0.99 ? 'over 0.99' : score.toFixed(2)}.
          </p>
        </Section>
        {conflicts.length > 0 && (
          <Section title="the same two, otherwise">
            {conflicts.map((conflict) => (
              <p key={`${conflict.relation}${conflict.reversed}`} class="why">
                {conflict.reversed
                  ? `${subject.name} ${reversedWords(conflict.relation)} ${object.name}`
                  : `${subject.name} ${relationWords(conflict.relation)} ${object.name}`}
                {' — '}
                {counted(conflict.support, 'sentence')}
              </p>
            ))}
          </Section>
        )}
        <Section title="sentences that state it" count={support}>
          {sources.map((source) => (
            <Sentence
              key={`${source.document}:${source.start}:${source.subject.start}:${source.object.start}`}
              {...source}
              marks={[
                { ...source.subject, mark: `hue-${hueOf(subject.kind)}` },
                { ...source.object, mark: `hue-${hueOf(object.kind)}` },
              ]}
            />
          ))}
        </Section>
      </ScrollRegion>
    </>
  );
}
