import type { JSX } from 'preact';
import { workspace } from '../state/data.ts';
import { complain } from '../state/toasts.ts';
import { openReadDialog, readPaths } from './read-dialog.tsx';

/** What an empty workspace shows: one sentence, one action, one sample. */
export function Welcome(): JSX.Element {
  const known = workspace.data.value;
  return (
    <div class="welcome">
      <h1>Read your first papers</h1>
      <p class="quiet">
        Lyceum reads documents into a graph of tasks, methods and materials, in which every fact opens the exact words it came from. It happens on this machine;
        nothing is sent anywhere.
      </p>
      {known?.readOnly ? (
        <p class="quiet">This workspace is open for reading only.</p>
      ) : (
        <>
          <button type="button" class="button first" onClick={openReadDialog}>
            Choose documents
          </button>
          {known?.sample && (
            <button type="button" class="link" onClick={() => readPaths([known.sample!]).catch(complain)}>
              or try the sample papers
            </button>
          )}
        </>
      )}
    </div>
  );
}
