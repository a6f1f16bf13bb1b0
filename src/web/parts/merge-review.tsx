import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { post, remove } from '../state/api.ts';
import { mergeCount, mergeStatus, merges, workspace } from '../state/data.ts';
import { refreshTopics } from '../state/resource.ts';
import { openAt } from '../state/route.ts';
import { segments } from '../state/segments.ts';
import { complain, say } from '../state/toasts.ts';
import type { Decision, Merge } from '../state/types.ts';
import { Icon } from './icons.tsx';
import { Tabs } from './tabs.tsx';

const keyOf = ({ from, to }: Merge): string => `${from}\u0000${to}`;
const shownEvidence = 4;
const moreMerges = 40;

async function decide(merge: Merge, action: 'accept' | 'reject'): Promise<void> {
  const { number: decision } = await post<Decision>('/api/merges', { action, from: merge.from, to: merge.to });
  refreshTopics(['merges', 'graph']);
  say(action === 'accept' ? `“${merge.from}” and “${merge.to}” are one.` : `“${merge.from}” and “${merge.to}” stay apart.`, async () => {
    await remove(`/api/decisions/${decision}`);
    refreshTopics(['merges', 'graph']);
  });
}

/** The sentences that name each, with the names marked. */
function Evidence({ merge }: { merge: Merge }): JSX.Element | null {
  const told = merge.evidence.filter(({ sentence }) => sentence !== null);
  if (told.length === 0) return null;
  return (
    <div class="evidence">
      {told.slice(0, shownEvidence).map(({ document, start, end, sentence }) => (
        <button key={`${document}:${start}`} type="button" class="link" onClick={() => openAt(document, { start: sentence!.start, end: sentence!.end })}>
          {segments(sentence!.text, [{ start, end, mark: 'name' }], sentence!.start).map((piece) =>
            piece.marks.length > 0 ? <mark key={piece.start}>{piece.text}</mark> : piece.text,
          )}
        </button>
      ))}
    </div>
  );
}

/** Names that may be one entity, with the sentences that speak for it: accept, reject, undo. */
export function MergeReview(): JSX.Element {
  const list = useRef<HTMLUListElement>(null);
  const active = useSignal(0);
  const gone = useSignal<ReadonlySet<string>>(new Set());
  const found = merges.data.value;
  const status = mergeStatus.value;
  const canDecide = workspace.data.value?.readOnly === false;
  const items = (found?.merges ?? []).filter((merge) => !gone.value.has(keyOf(merge)));

  const act = (merge: Merge, action: 'accept' | 'reject') => {
    gone.value = new Set(gone.peek()).add(keyOf(merge));
    active.value = Math.max(0, Math.min(active.peek(), items.length - 2));
    decide(merge, action)
      .catch(complain)
      .finally(() => {
        gone.value = new Set([...gone.peek()].filter((key) => key !== keyOf(merge)));
      });
    list.current?.focus();
  };
  const press = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const merge = items[active.peek()];
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0) {
      active.value = Math.max(0, Math.min(items.length - 1, active.peek() + step));
      list.current?.children[active.peek()]?.scrollIntoView({ block: 'nearest' });
    } else if (merge && canDecide && (event.key === 'a' || event.key === 'x')) act(merge, event.key === 'a' ? 'accept' : 'reject');
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div class="review">
      <div class="review-head">
        <div>
          <h1>Are these one?</h1>
          <p class="quiet">
            {status === 'proposed' && 'Names that may stand for the same thing. You decide, and can take it back.'}
            {status === 'merged' && 'Names that stand for the same thing, and why. Part them where that is wrong.'}
            {status === 'rejected' && 'Names that you keep apart.'}
          </p>
        </div>
        <Tabs
          label="Which merges"
          controls="merge-list"
          value={status}
          onChange={(next) => {
            mergeStatus.value = next;
            mergeCount.value = moreMerges;
            active.value = 0;
          }}
          tabs={[
            { value: 'proposed', label: 'To decide', badge: found?.proposals ?? null },
            { value: 'merged', label: 'Merged' },
            { value: 'rejected', label: 'Kept apart' },
          ]}
        />
      </div>
      {merges.error.value && (
        <p class="trouble" role="alert">
          {merges.error.value.message}
        </p>
      )}
      {found && items.length === 0 && <p class="nothing">{status === 'proposed' ? 'Nothing to decide: every name is clear.' : 'None yet.'}</p>}
      <ul id="merge-list" ref={list} tabIndex={items.length > 0 ? 0 : -1} aria-label="Merges; arrows move, a accepts, x rejects" onKeyDown={press}>
        {items.map((merge, index) => (
          <li
            key={keyOf(merge)}
            class={index === active.value ? 'active' : ''}
            onMouseEnter={() => {
              active.value = index;
            }}
          >
            <div class="pair">
              <p class="names-line">
                <b>{merge.from}</b>
                <span class="into">→</span>
                <b>{merge.to}</b>
              </p>
              {canDecide && (
                <div class="buttons">
                  {status !== 'merged' && (
                    <button type="button" class="button first" aria-label={`One: ${merge.from} and ${merge.to}`} onClick={() => act(merge, 'accept')}>
                      <Icon name="check" size={15} /> One
                    </button>
                  )}
                  {status !== 'rejected' && (
                    <button type="button" class="button" aria-label={`Apart: ${merge.from} and ${merge.to}`} onClick={() => act(merge, 'reject')}>
                      <Icon name="close" size={14} /> Apart
                    </button>
                  )}
                </div>
              )}
            </div>
            <p class="why">{merge.explanation}</p>
            <Evidence merge={merge} />
          </li>
        ))}
      </ul>
      {(found?.merges.length ?? 0) >= mergeCount.value && mergeCount.value < 200 && (
        <p class="nothing">
          <button
            type="button"
            class="button"
            onClick={() => {
              mergeCount.value += moreMerges;
            }}
          >
            Show more
          </button>
        </p>
      )}
    </div>
  );
}
