import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { Icon } from '../parts/icons.tsx';
import { workspace } from '../state/data.ts';
import { number } from '../state/words.ts';
import { adaptRuns, chosenModel, isLooking, lookAtDocuments, lookAtFile, lookAtPath, lookTrouble } from './adapt-state.ts';

/** Where training data comes in: dropped, chosen, or named by a path of the server's machine. */
export function DropData(): JSX.Element {
  const path = useSignal('');
  const isReadOnly = workspace.data.value?.readOnly === true;
  const sample = adaptRuns.data.value?.sample;
  const documents = workspace.data.value?.counts.documents ?? 0;
  return (
    <div class="drop-data">
      <h1>Teach a model</h1>
      <p class="quiet">
        Give it samples of what it is to say. Before anything is trained you see what was recognised and what it would take; every run ends with a report of
        what was gained and what was forgotten.
      </p>
      {isReadOnly ? (
        <p class="quiet">This workspace is open for reading only.</p>
      ) : (
        <>
          <label class="drop" aria-busy={isLooking.value}>
            <Icon name="document" size={26} />
            <span>
              {isLooking.value ? (
                'Looking at it …'
              ) : (
                <>
                  Drop a file here, or <span class="link">choose one</span>
                </>
              )}
            </span>
            <span class="small">JSON Lines of chats, instructions, preferences or texts; a text or Markdown file</span>
            <input
              class="hidden-text"
              type="file"
              accept=".jsonl,.ndjson,.json,.txt,.md"
              onChange={(event) => {
                const file = event.currentTarget.files?.[0];
                event.currentTarget.value = '';
                if (file) lookAtFile(file);
              }}
            />
          </label>
          <form
            class="path-entry"
            onSubmit={(event) => {
              event.preventDefault();
              if (path.value.trim()) lookAtPath(path.value.trim());
            }}
          >
            <input
              class="field"
              aria-label="Path of a file, or a folder of texts, on this machine"
              placeholder="or a path: a file, a folder of texts"
              autocomplete="off"
              spellcheck={false}
              value={path.value}
              onInput={(event) => {
                path.value = event.currentTarget.value;
              }}
            />
            <button type="submit" class="button" disabled={isLooking.value || !path.value.trim()}>
              Look
            </button>
          </form>
          {lookTrouble.value && (
            <p class="trouble" role="alert">
              {lookTrouble.value}
            </p>
          )}
          {documents > 0 && chosenModel.value && (
            <button type="button" class="link" onClick={lookAtDocuments}>
              or learn from {documents === 1 ? 'the document' : `the ${number(documents)} documents`} of this workspace
            </button>
          )}
          {sample && (
            <button type="button" class="link" onClick={() => lookAtPath(sample)}>
              or try the sample instructions
            </button>
          )}
        </>
      )}
    </div>
  );
}

/** A file dropped anywhere on the page is looked at. */
export function DropAnywhereData(): JSX.Element | null {
  const isOver = useSignal(false);
  useEffect(() => {
    const stop = new AbortController();
    const options = { signal: stop.signal };
    const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true;
    const on = <Name extends 'dragover' | 'dragleave' | 'drop'>(name: Name, act: (event: DragEvent) => void) => addEventListener(name, act, options);
    on('dragover', (event) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      isOver.value = true;
    });
    on('dragleave', (event) => {
      if (event.relatedTarget === null) isOver.value = false;
    });
    on('drop', (event) => {
      isOver.value = false;
      if (event.defaultPrevented || !holdsFiles(event)) return;
      event.preventDefault();
      const file = event.dataTransfer?.files[0];
      if (file) lookAtFile(file);
    });
    return () => stop.abort();
  }, [isOver]);
  return isOver.value ? <div class="drop-veil">Drop to look at the samples</div> : null;
}
