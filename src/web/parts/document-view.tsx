import type { JSX } from 'preact';
import { shownDocument } from '../state/data.ts';
import { documentLayout, go, openDocument } from '../state/route.ts';
import { PageReader } from './page-reader.tsx';
import { Tabs } from './tabs.tsx';
import { TextReader } from './text-reader.tsx';

/** A document as text or as its pages, with everything found in it marked. */
export function DocumentView(): JSX.Element {
  const document = shownDocument.data.value;
  const failure = shownDocument.error.value;
  if (failure) {
    return (
      <div class="stage-empty">
        <p class="trouble" role="alert">
          {failure.message}
        </p>
      </div>
    );
  }
  if (!openDocument.value) return <p class="hint">Choose a document at the left, or a sentence at the right, and it opens here.</p>;
  if (!document) return <p class="hint">Opening…</p>;
  const hasPages = document.pages.some(({ box }) => box);
  const layout = hasPages ? documentLayout.value : 'text';
  return (
    <>
      {hasPages && (
        <div class="filters">
          <Tabs
            label="Show as"
            controls="document-body"
            value={layout}
            onChange={(as) => go({ as: as === 'text' ? null : as }, { replace: true })}
            tabs={[
              { value: 'text', label: 'Text' },
              { value: 'page', label: 'Pages' },
            ]}
          />
        </div>
      )}
      {layout === 'page' ? <PageReader document={document} /> : <TextReader document={document} />}
    </>
  );
}
