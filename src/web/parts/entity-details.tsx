import type { JSX } from 'preact';
import { entity } from '../state/data.ts';
import { go, near, select } from '../state/route.ts';
import type { Entity, Fact } from '../state/types.ts';
import { compareKinds, counted, hueOf, kindWords, number, relationWords, reversedWords } from '../state/words.ts';
import { Icon } from './icons.tsx';
import { Failure, Head, Numbers, Section } from './inspector-parts.tsx';
import { ScrollRegion } from './scroll-region.tsx';
import { Sentence } from './sentence.tsx';
import { useGrowing } from './use-growing.ts';

const shownFacts = 60;

function FactLine({ fact, from }: { fact: Fact; from: string }): JSX.Element {
  const isSubject = fact.subject.id === from;
  const other = isSubject ? fact.object : fact.subject;
  return (
    <button type="button" class="fact-line" onClick={() => select({ kind: 'fact', id: fact.id })}>
      <span class="who">
        <i class={`dot hue-${hueOf(other.kind)}`} style={{ display: 'inline-block', marginInlineEnd: '6px' }} />
        {other.name}
      </span>
      <span class="count quiet small" title={`stated by ${counted(fact.support, 'sentence')}`}>
        {number(fact.support)}
      </span>
    </button>
  );
}

/** The sentences that name it. They come over a few frames: so many at once would hold up the picture. */
function Sentences({ entity: { kind, mentionList } }: { entity: Entity }): JSX.Element {
  const shown = useGrowing(mentionList.length);
  return (
    <>
      {mentionList.slice(0, shown).map((source) => (
        <Sentence key={`${source.document}:${source.mention.start}`} {...source} marks={[{ ...source.mention, mark: `hue-${hueOf(kind)}` }]} />
      ))}
    </>
  );
}

/** Facts under what they say, in the words of this entity's side. */
function groupFacts({ factList, id }: Entity): [string, Fact[]][] {
  const groups = new Map<string, Fact[]>();
  for (const fact of factList.slice(0, shownFacts)) {
    const words = fact.subject.id === id ? relationWords(fact.relation) : reversedWords(fact.relation);
    groups.set(words, [...(groups.get(words) ?? []), fact]);
  }
  return [...groups].sort((a, b) => b[1].reduce((sum, { support }) => sum + support, 0) - a[1].reduce((sum, { support }) => sum + support, 0));
}

export function EntityDetails(): JSX.Element {
  const found = entity.data.value;
  if (entity.error.value) return <Failure error={entity.error.value} title="Entity" />;
  if (!found) return <Head title="…" kind="Entity" hue={8} />;
  const kinds = Object.entries(found.kinds).sort(([a, x], [b, y]) => y - x || compareKinds(a, b));
  const others = found.names.filter(({ name }) => name !== found.name);
  return (
    <>
      <Head title={found.name} kind={kindWords(found.kind)} hue={hueOf(found.kind)} />
      <ScrollRegion class="content" label={`About ${found.name}`}>
        <Section>
          <Numbers
            values={[
              ['mentions', found.mentions],
              ['documents', found.documents],
              ['facts', found.facts],
            ]}
          />
        </Section>
        <div class="actions">
          {near.value === found.id ? (
            <button type="button" class="button" onClick={() => go({ near: null, view: null })}>
              <Icon name="fit" size={15} /> Whole graph
            </button>
          ) : (
            <button type="button" class="button" onClick={() => go({ near: found.id, view: null })}>
              <Icon name="focus" size={15} /> Only around it
            </button>
          )}
          <button
            type="button"
            class="button"
            onClick={() => go({ view: 'trends', trends: null, of: found.id, trend: found.kind === 'Task' ? '~USED-FOR' : null, kind: null })}
          >
            <Icon name="runs" size={15} /> Over the years
          </button>
        </div>
        {groupFacts(found).map(([words, facts]) => (
          <Section key={words} title={words}>
            {facts.map((fact) => (
              <FactLine key={fact.id} fact={fact} from={found.id} />
            ))}
          </Section>
        ))}
        {found.factList.length > shownFacts && (
          <Section>
            <p class="why">
              The {shownFacts} best supported of {counted(found.facts, 'fact')}.
            </p>
          </Section>
        )}
        {others.length > 0 && (
          <Section title="also written">
            <ul class="names">
              {others.slice(0, 30).map(({ name, mentions }) => (
                <li key={name} title={counted(mentions, 'mention')}>
                  {name}
                </li>
              ))}
            </ul>
          </Section>
        )}
        {found.merges.some(({ status }) => status === 'merged') && (
          <Section title="why these are one">
            {found.merges
              .filter(({ status }) => status === 'merged')
              .map((merge) => (
                <p key={`${merge.from} ${merge.to}`} class="why">
                  {merge.explanation}
                </p>
              ))}
          </Section>
        )}
        {kinds.length > 1 && (
          <Section title="read as">
            <ul class="names">
              {kinds.map(([kind, count]) => (
                <li key={kind}>
                  {kindWords(kind)} <span class="count quiet">{number(count)}</span>
                </li>
              ))}
            </ul>
          </Section>
        )}
        <Section title="sentences that name it" count={found.mentions}>
          <Sentences entity={found} />
          {found.mentions > found.mentionList.length && <p class="why">The first {found.mentionList.length} are shown.</p>}
        </Section>
      </ScrollRegion>
    </>
  );
}
