import type { JSX } from 'preact';
import { remove } from '../state/api.ts';
import { chosenDocument, documentFacts, workspace } from '../state/data.ts';
import { refreshTopics } from '../state/resource.ts';
import { openAt, select } from '../state/route.ts';
import { complain, say } from '../state/toasts.ts';
import type { Document } from '../state/types.ts';
import { documentName, hueOf, number, relationWords, sortOf } from '../state/words.ts';
import { Icon } from './icons.tsx';
import { Failure, Head, Numbers, Section } from './inspector-parts.tsx';
import { narrowPane } from './narrow.ts';
import { removeLater } from './remove-later.ts';
import { ScrollRegion } from './scroll-region.tsx';

function found({ resolved, text }: Document): { id: string; name: string; kind: string; mentions: number }[] {
  const byEntity = new Map<string, { id: string; name: string; kind: string; mentions: number }>();
  for (const { entity, kind, start, end, name } of resolved) {
    if (entity === null) continue;
    const entry = byEntity.get(entity) ?? { id: entity, name: name ?? text.slice(start, end), kind, mentions: 0 };
    entry.mentions += 1;
    byEntity.set(entity, entry);
  }
  return [...byEntity.values()].sort((a, b) => b.mentions - a.mentions || a.name.localeCompare(b.name));
}

function takeAway(document: Document): void {
  const name = documentName(document);
  select(null);
  const keep = removeLater(document.id, async () => {
    await remove(`/api/documents/${encodeURIComponent(document.id)}`).catch(complain);
    refreshTopics(['documents', 'graph', 'merges']);
  });
  say(`${name} leaves the workspace; the file itself stays.`, async () => {
    keep();
    select({ kind: 'document', id: document.id });
  });
}

export function DocumentDetails(): JSX.Element {
  const document = chosenDocument.data.value;
  if (chosenDocument.error.value) return <Failure error={chosenDocument.error.value} title="Document" />;
  if (!document) return <Head title="…" kind="Document" hue={8} />;
  const entities = found(document);
  const facts = documentFacts.data.value?.facts ?? [];
  const about = [document.year, document.venue, sortOf(document.loader)].filter(Boolean).join(' · ');
  return (
    <>
      <Head title={documentName(document)} kind={`Document · ${about}`} hue={8} />
      <ScrollRegion class="content" label={`About ${documentName(document)}`}>
        <Section>
          <Numbers
            values={[
              ['sentences', document.sentences],
              ['mentions', document.mentions],
              ['relations', document.relations],
            ]}
          />
        </Section>
        <div class="actions">
          <button
            type="button"
            class="button first"
            onClick={() => {
              narrowPane.value = 'main';
              openAt(document.id);
            }}
          >
            <Icon name="read" size={15} /> Open text
          </button>
          {document.hasFile && (
            <a class="button" href={`/api/documents/${encodeURIComponent(document.id)}/file`} target="_blank" rel="noreferrer">
              Original file
            </a>
          )}
          {workspace.data.value?.readOnly === false && (
            <button type="button" class="button" onClick={() => takeAway(document)}>
              <Icon name="trash" size={15} /> Remove
            </button>
          )}
        </div>
        {facts.length > 0 && (
          <Section title="facts it states">
            {facts.map((fact) => (
              <button key={fact.id} type="button" class="fact-line" onClick={() => select({ kind: 'fact', id: fact.id })}>
                <span class="who">
                  {fact.subject.name} <span class="relation">{relationWords(fact.relation)}</span> {fact.object.name}
                </span>
                <span class="count quiet small">{number(fact.support)}</span>
              </button>
            ))}
          </Section>
        )}
        <Section title="entities in it" count={entities.length}>
          {entities.slice(0, 80).map((entity) => (
            <button key={entity.id} type="button" class="fact-line" onClick={() => select({ kind: 'entity', id: entity.id })}>
              <span class="who">
                <i class={`dot hue-${hueOf(entity.kind)}`} style={{ display: 'inline-block', marginInlineEnd: '6px' }} />
                {entity.name}
              </span>
              <span class="count quiet small">{number(entity.mentions)}</span>
            </button>
          ))}
        </Section>
        {document.names.length > 0 && (
          <Section title={document.names.length === 1 ? 'file' : 'files with these bytes'}>
            {document.names.map((name) => (
              <p key={name} class="why">
                {name}
              </p>
            ))}
          </Section>
        )}
      </ScrollRegion>
    </>
  );
}
