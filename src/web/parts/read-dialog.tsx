import { signal, useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { post, putBytes } from '../state/api.ts';
import { runUpdates } from '../state/data.ts';
import { complain } from '../state/toasts.ts';
import type { Run, Upload } from '../state/types.ts';
import { Dialog } from './dialog.tsx';
import { Icon } from './icons.tsx';

const isOpen = signal(false);
export const openReadDialog = (): void => {
  isOpen.value = true;
};

const show = (run: Run): void => {
  runUpdates.value = new Map(runUpdates.peek()).set(run.id, run);
};

export async function readPaths(paths: readonly string[]): Promise<void> {
  show(await post<Run>('/api/read', { paths }));
}

/** Hands files over and reads them in one run. */
export async function readFiles(files: readonly File[]): Promise<void> {
  const uploads: string[] = [];
  for (const file of files) uploads.push((await putBytes<Upload>(`/api/uploads?${new URLSearchParams({ name: file.name })}`, file)).id);
  if (uploads.length > 0) show(await post<Run>('/api/read', { uploads }));
}

/** Takes paths of this machine or dropped files. */
export function ReadDialog(): JSX.Element {
  const path = useSignal('');
  const failure = useSignal<string | null>(null);
  const isBusy = useSignal(false);
  const isOver = useSignal(false);

  const start = (work: () => Promise<void>) => {
    isBusy.value = true;
    failure.value = null;
    work()
      .then(() => {
        path.value = '';
        isOpen.value = false;
      })
      .catch((error: unknown) => {
        failure.value = error instanceof Error ? error.message : String(error);
      })
      .finally(() => {
        isBusy.value = false;
      });
  };

  return (
    <Dialog id="read-title" title="Read more" open={isOpen}>
      <form
        class="path-entry"
        onSubmit={(event) => {
          event.preventDefault();
          if (path.value.trim()) start(() => readPaths([path.value.trim()]));
        }}
      >
        <input
          class="field"
          aria-label="Path of a file or folder on this machine"
          placeholder="~/papers, a file or a folder"
          autocomplete="off"
          autofocus
          spellcheck={false}
          value={path.value}
          onInput={(event) => {
            path.value = event.currentTarget.value;
          }}
        />
        <button type="submit" class="button first" disabled={isBusy.value || !path.value.trim()}>
          Read
        </button>
      </form>
      <label
        class={`drop${isOver.value ? ' over' : ''}`}
        onDragOver={(event) => {
          event.preventDefault();
          isOver.value = true;
        }}
        onDragLeave={() => {
          isOver.value = false;
        }}
        onDrop={(event) => {
          event.preventDefault();
          event.stopPropagation();
          isOver.value = false;
          const files = [...(event.dataTransfer?.files ?? [])];
          start(() => readFiles(files));
        }}
      >
        <Icon name="document" size={26} />
        <span>
          Drop files here, or <span class="link">choose files</span>
        </span>
        <span class="small">PDF, HTML, DOCX, Markdown, text, JSON Lines</span>
        <input
          class="hidden-text"
          type="file"
          multiple
          onChange={(event) => {
            const files = [...(event.currentTarget.files ?? [])];
            event.currentTarget.value = '';
            if (files.length > 0) start(() => readFiles(files));
          }}
        />
      </label>
      {failure.value && (
        <p class="trouble" role="alert">
          {failure.value}
        </p>
      )}
      <p class="quiet small">Everything is read on this machine; nothing is sent anywhere.</p>
    </Dialog>
  );
}

/** Files dropped anywhere on the page are read. */
export function DropAnywhere(): JSX.Element | null {
  const isOver = useSignal(false);
  useEffect(() => {
    const stop = new AbortController();
    const options = { signal: stop.signal };
    const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true;
    addEventListener(
      'dragover',
      (event) => {
        if (!holdsFiles(event)) return;
        event.preventDefault();
        isOver.value = !isOpen.peek();
      },
      options,
    );
    addEventListener(
      'dragleave',
      (event) => {
        if (event.relatedTarget === null) isOver.value = false;
      },
      options,
    );
    addEventListener(
      'drop',
      (event) => {
        isOver.value = false;
        if (event.defaultPrevented || !holdsFiles(event)) return;
        event.preventDefault();
        readFiles([...(event.dataTransfer?.files ?? [])]).catch(complain);
      },
      options,
    );
    return () => stop.abort();
  }, [isOver]);
  return isOver.value ? <div class="drop-veil">Drop to read</div> : null;
}
