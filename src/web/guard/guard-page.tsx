import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { generating } from '../chat/model-choice.ts';
import { ModelSelect } from '../chat/model-select.tsx';
import { NotYet } from '../parts/not-yet.tsx';
import { models } from '../state/data.ts';
import { go } from '../state/route.ts';
import { AnswersPane } from './answers-pane.tsx';
import { DocumentPane } from './document-pane.tsx';
import { chosenModel, guard, guardName, guards, policy, stop, underWay } from './guard-state.ts';
import { policies, policyWords } from './verdict.ts';

/** What a guard is called where one chooses it. */
const titleOf = ({ name, model, trouble }: { readonly name: string; readonly model: string | null; readonly trouble: string | null }): string => {
  if (name === 'shipped') return 'the one that ships with Lyceum';
  return trouble === null ? `${name}${model === null ? '' : `, for ${model}`}` : `${name}: cannot be used`;
};

function Choices(): JSX.Element {
  const list = guards.data.value?.guards ?? [];
  return (
    <div class="bar guard-choices">
      {generating.value.length > 0 && (
        <div class="choice-of">
          <span class="quiet small" aria-hidden="true">
            Model
          </span>
          <ModelSelect value={chosenModel.value} onChoose={(model) => go({ model })} />
        </div>
      )}
      <label class="choice-of">
        <span class="quiet small">Guard</span>
        <select
          class="field"
          aria-label="Guard"
          value={guardName.value}
          onFocus={guards.refresh}
          onChange={(event) => go({ guard: event.currentTarget.value === 'shipped' ? null : event.currentTarget.value, policy: null })}
        >
          {!guard.value && <option value={guardName.value}>{guardName.value}</option>}
          {list.map((one) => (
            <option key={one.name} value={one.name} disabled={one.trouble !== null} title={one.trouble ?? undefined}>
              {titleOf(one)}
            </option>
          ))}
        </select>
      </label>
      <label class="choice-of">
        <span class="quiet small">If suspected</span>
        <select class="field" aria-label="If suspected" value={policy.value} onChange={(event) => go({ policy: event.currentTarget.value })}>
          {policies.map((one) => (
            <option key={one} value={one}>
              {one}: {policyWords[one]}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

/** An untrusted document at the left, judged sentence by sentence; at the right the same question, answered without the guard and behind it. */
export function GuardPage(): JSX.Element {
  useEffect(() => {
    const end = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || event.defaultPrevented || !underWay.peek() || document.querySelector('dialog[open]')) return;
      event.preventDefault();
      stop();
    };
    addEventListener('keydown', end, { capture: true });
    return () => removeEventListener('keydown', end, { capture: true });
  }, []);
  if (!models.data.value) return <NotYet of={models} />;
  return (
    <main class="guard" id="main">
      <Choices />
      <DocumentPane />
      <AnswersPane />
    </main>
  );
}
