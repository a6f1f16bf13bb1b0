import type { JSX } from 'preact';
import { selection } from '../state/route.ts';
import { DocumentDetails } from './document-details.tsx';
import { EntityDetails } from './entity-details.tsx';
import { FactDetails } from './fact-details.tsx';

/** Shows whatever is selected. */
export function Inspector(): JSX.Element | null {
  const chosen = selection.value;
  if (!chosen) return null;
  return (
    <aside class="inspector" aria-label="Details of the selection" key={`${chosen.kind}:${chosen.id}`}>
      {chosen.kind === 'entity' && <EntityDetails />}
      {chosen.kind === 'fact' && <FactDetails />}
      {chosen.kind === 'document' && <DocumentDetails />}
    </aside>
  );
}
