import type { JSX } from 'preact';
import { documents, entities, listText, workspace } from '../state/data.ts';
import { go, listPanel, openAt, select, selection } from '../state/route.ts';
import { counted, documentName, fileName, hueOf, number, sortOf } from '../state/words.ts';
import { Icon } from './icons.tsx';
import { narrowPane } from './narrow.ts';
import { openReadDialog } from './read-dialog.tsx';
import { leaving } from './remove-later.ts';
import { Tabs } from './tabs.tsx';
import { VirtualList } from './virtual-list.tsx';

function DocumentList(): JSX.Element {
  const items = (documents.data.value?.documents ?? []).filter(({ id }) => !leaving.value.has(id));
  if (items.length === 0 && !documents.loading.value)
    return <p class="nothing">{listText.value ? `No document is called “${listText.value}”.` : 'No documents yet.'}</p>;
  return (
    <VirtualList
      id="documents"
      label="Documents"
      items={items}
      rowHeight={48}
      keyOf={(document) => document.id}
      selected={selection.value?.kind === 'document' ? selection.value.id : null}
      onSelect={(document) => {
        select({ kind: 'document', id: document.id });
      }}
      onOpen={(document) => {
        narrowPane.value = 'main';
        openAt(document.id);
      }}
      row={(document) => (
        <>
          <div class="body">
            <div class="cut">{documentName(document)}</div>
            <div class="under cut">
              {[document.year, document.venue ?? (document.title ? fileName(document.names[0] ?? null) : null)].filter(Boolean).join(' · ') ||
                sortOf(document.loader)}
            </div>
          </div>
          <span class="count" title={counted(document.mentions, 'mention')}>
            {number(document.mentions)}
          </span>
        </>
      )}
    />
  );
}

function EntityList(): JSX.Element {
  const items = entities.data.value?.entities ?? [];
  if (items.length === 0 && !entities.loading.value)
    return <p class="nothing">{listText.value ? `No entity is called “${listText.value}”.` : 'No entities yet.'}</p>;
  return (
    <VirtualList
      id="entities"
      label="Entities, most mentioned first"
      items={items}
      rowHeight={32}
      keyOf={(entity) => entity.id}
      selected={selection.value?.kind === 'entity' ? selection.value.id : null}
      onSelect={(entity) => select({ kind: 'entity', id: entity.id })}
      onOpen={(entity) => go({ near: entity.id, view: null })}
      row={(entity) => (
        <>
          <i class={`dot hue-${hueOf(entity.kind)}`} />
          <span class="body cut">{entity.name}</span>
          <span class="count" title={counted(entity.mentions, 'mention')}>
            {number(entity.mentions)}
          </span>
        </>
      )}
    />
  );
}

/** The lists at the left: what was read, and what was found in it. */
export function Side(): JSX.Element {
  const counts = workspace.data.value?.counts;
  const failure = listPanel.value === 'documents' ? documents.error.value : entities.error.value;
  return (
    <aside class="side" aria-label="Documents and entities">
      <div class="bar">
        <Tabs
          label="Lists"
          controls="side-list"
          value={listPanel.value}
          onChange={(list) => go({ list: list === 'documents' ? null : list }, { replace: true })}
          tabs={[
            { value: 'documents', label: 'Documents', badge: counts?.documents ?? null },
            { value: 'entities', label: 'Entities', badge: counts?.entities ?? null },
          ]}
        />
      </div>
      <div class="side-filter">
        <input
          id="list-filter"
          class="field"
          type="search"
          placeholder={listPanel.value === 'documents' ? 'Filter documents' : 'Filter entities'}
          aria-label={listPanel.value === 'documents' ? 'Filter documents' : 'Filter entities'}
          autocomplete="off"
          value={listText.value}
          onInput={(event) => {
            listText.value = event.currentTarget.value;
          }}
        />
      </div>
      {failure && (
        <p class="trouble" role="alert">
          {failure.message}
        </p>
      )}
      <div id="side-list" role="tabpanel" aria-label={listPanel.value === 'documents' ? 'Documents' : 'Entities'} class="side-panel">
        {listPanel.value === 'documents' ? <DocumentList /> : <EntityList />}
      </div>
      {workspace.data.value?.readOnly === false && (
        <div class="side-foot">
          <button type="button" class="button" onClick={openReadDialog}>
            <Icon name="plus" size={16} /> Read more
          </button>
        </div>
      )}
    </aside>
  );
}
