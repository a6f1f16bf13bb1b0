import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from '../parts/icons.tsx';
import { counted } from '../state/words.ts';
import { askBoth, askHindrance, documentDraft, isEditing, judged, judgeOnly, judgeTrouble, takeDocument, underWay } from './guard-state.ts';
import { JudgedPane } from './judged-document.tsx';
import { samples } from './samples.ts';

const mostBytes = 400_000; // longer than any model here can hold

/** Takes a text file as the document; what is none is refused in words. */
async function takeFile(file: File): Promise<void> {
  const text = file.size > mostBytes ? null : await file.text();
  if (text === null) judgeTrouble.value = `${file.name} is too long: a document of at most ${mostBytes / 1000} kB can be judged here.`;
  else if (text.includes('\0') || text.includes('\ufffd')) judgeTrouble.value = `${file.name} is no text. Paste what it says, or save it as text first.`;
  else takeDocument(text);
}
const take = (file: File | undefined): void => {
  if (file) takeFile(file).catch((error: unknown) => { judgeTrouble.value = String(error); }); // biome-ignore format: short
};

/** A text file dropped anywhere on the page becomes the document. */
function DropAnywhereDocument(): JSX.Element | null {
  const isOver = useSignal(false);
  useEffect(() => {
    const stop = new AbortController();
    const options = { signal: stop.signal };
    const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true;
    const over = (event: DragEvent) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      isOver.value = true;
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) isOver.value = false;
    };
    const drop = (event: DragEvent) => {
      isOver.value = false;
      if (!holdsFiles(event)) return;
      event.preventDefault();
      take(event.dataTransfer?.files[0]);
    };
    addEventListener('dragover', over, options);
    addEventListener('dragleave', leave, options);
    addEventListener('drop', drop, options);
    return () => stop.abort();
  }, [isOver]);
  return isOver.value ? <div class="drop-veil">Drop to take it as the document</div> : null;
}

function Editor(): JSX.Element {
  const box = useRef<HTMLTextAreaElement>(null);
  return (
    <>
      <textarea
        ref={box}
        class="field document-draft"
        aria-label="Document"
        spellcheck={false}
        placeholder="Paste a text that you do not vouch for: an e-mail, a web page, what a tool said. Or drop a text file here."
        value={documentDraft.value}
        onInput={(event) => {
          documentDraft.value = event.currentTarget.value;
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
          event.preventDefault();
          void (askHindrance.peek() === null ? askBoth() : judgeOnly());
        }}
      />
      <div class="document-samples small">
        <span class="quiet">Try</span>
        {samples.map(({ name, document, question }) => (
          <button key={name} type="button" class="link" onClick={() => takeDocument(document, question)}>
            {name}
          </button>
        ))}
      </div>
    </>
  );
}

/** The document: written, or judged sentence by sentence. */
export function DocumentPane(): JSX.Element {
  const shown = isEditing.value ? null : judged.value;
  const suspected = shown?.scanned.segments.filter((segment) => segment.suspected).length ?? 0;
  return (
    <section class="guard-document" aria-label="Untrusted document">
      <div class="pane-head">
        <h2>{shown ? `${counted(suspected, 'sentence')} of ${shown.scanned.segments.length} suspected` : 'A document that is read and not obeyed'}</h2>
        {shown ? (
          <button
            type="button"
            class="button plain"
            disabled={underWay.value !== null}
            onClick={() => {
              isEditing.value = true;
              requestAnimationFrame(() => document.querySelector<HTMLElement>('.document-draft')?.focus());
            }}
          >
            <Icon name="edit" size={14} /> Edit
          </button>
        ) : (
          <label class="button plain file">
            <Icon name="document" size={14} /> Open a file
            <input
              class="hidden-text"
              type="file"
              accept=".txt,.md,.eml,.csv,.html,.json,text/*"
              onChange={(event) => {
                const file = event.currentTarget.files?.[0];
                event.currentTarget.value = '';
                take(file);
              }}
            />
          </label>
        )}
      </div>
      {shown ? <JudgedPane judged={shown} /> : <Editor />}
      {judgeTrouble.value && (
        <p class="trouble" role="alert">
          {judgeTrouble.value}
        </p>
      )}
      <DropAnywhereDocument />
    </section>
  );
}
