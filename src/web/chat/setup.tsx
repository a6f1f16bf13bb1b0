import type { JSX } from 'preact';
import { Section } from '../parts/inspector-parts.tsx';
import { save } from '../parts/save.ts';
import { ScrollRegion } from '../parts/scroll-region.tsx';
import { remove } from '../state/api.ts';
import { models } from '../state/data.ts';
import { complain } from '../state/toasts.ts';
import { short } from '../state/words.ts';
import { defaultSampling, newConversation } from './chat.ts';
import { setSettings, settings, turns, underWay } from './chat-state.ts';
import { defaultSettings, jsonOf, markdownOf } from './conversation.ts';
import { Elapsed } from './elapsed.tsx';
import { bytesOf } from './gauges.tsx';
import { chooseModel, chosenModel, generating, loadedModel, loading, loadTrouble, releaseModel } from './model-choice.ts';
import { ModelSelect } from './model-select.tsx';

function ModelChooser(): JSX.Element {
  const name = chosenModel.value;
  const about = generating.value.find((model) => model.name === name);
  const loaded = loadedModel.value;
  const run = loading.value;
  const others = (models.data.value?.models ?? []).filter((model) => !model.generates);
  const facts = [about?.family, about?.parameters ? `${short(about.parameters)} parameters` : null, about && bytesOf(about.sizeBytes), about?.licence].filter(
    Boolean,
  );
  return (
    <Section title="model">
      <ModelSelect value={name} onChoose={(model) => void chooseModel(model)}>
        {others.map((model) => (
          <option key={model.name} value={model.name} disabled>
            {model.name}: makes vectors, writes no text
          </option>
        ))}
      </ModelSelect>
      <p class="why">{facts.join(' · ')}</p>
      {run ? (
        <div class="model-state" role="status">
          <div class="sweep" aria-hidden="true">
            <i />
          </div>
          <span>
            {run.state === 'waiting' ? 'waiting' : 'loading'} <Elapsed key={run.id} />
          </span>
          <button type="button" class="link" onClick={() => remove(`/api/runs/${run.id}`).catch(complain)}>
            Cancel
          </button>
        </div>
      ) : loaded ? (
        <p class="model-state">
          <span>
            <i class="dot on" aria-hidden="true" /> loaded, {loaded.weights}
            {loaded.chats ? '' : ', continues text'}
            {loaded.guard === null ? '' : ', guarded'}
          </span>
          <button
            type="button"
            class="link"
            title={`Frees its memory; by itself after ${Math.round(loaded.idleReleaseSeconds / 60)} min without use`}
            onClick={releaseModel}
          >
            Release
          </button>
        </p>
      ) : (
        <p class="model-state">
          <span>
            <i class="dot" aria-hidden="true" /> not loaded
          </span>
          <button type="button" class="link" onClick={() => void chooseModel(name)}>
            Load
          </button>
        </p>
      )}
      {loadTrouble.value && (
        <p class="trouble" role="alert">
          {loadTrouble.value}
        </p>
      )}
      {loaded?.chats === false && <p class="why">It was not trained to chat. What you write is the beginning of a text, and it goes on from there.</p>}
    </Section>
  );
}

interface SliderProps {
  readonly name: 'temperature' | 'topP';
  readonly label: string;
  readonly max: number;
  readonly step: number;
  readonly low: string;
  readonly high: string;
}

function Slider({ name, label, max, step, low, high }: SliderProps): JSX.Element {
  const value = settings.value[name];
  return (
    <label class="slider">
      <span>
        {label} <b class="figure">{value.toFixed(2)}</b>
      </span>
      <input type="range" min={0} max={max} step={step} value={value} onInput={(event) => setSettings({ [name]: event.currentTarget.valueAsNumber })} />
      <span class="ends quiet small" aria-hidden="true">
        <span>{low}</span>
        <span>{high}</span>
      </span>
    </label>
  );
}

const whole = (input: HTMLInputElement, low: number, high: number): number | null => {
  const value = Math.round(input.valueAsNumber);
  return Number.isFinite(value) && input.value !== '' ? Math.min(high, Math.max(low, value)) : null;
};

function Sampling(): JSX.Element {
  const { maxTokens, seed, temperature, topP } = settings.value;
  const isDefault = maxTokens === defaultSettings.maxTokens && seed === null && temperature === defaultSettings.temperature && topP === defaultSettings.topP;
  return (
    <Section title="sampling">
      <div class="sampling">
        <Slider name="temperature" label="Temperature" max={2} step={0.05} low="the most probable" high="freely drawn" />
        <Slider name="topP" label="Top-p" max={1} step={0.01} low="few" high="all tokens" />
        <div class="two">
          <label>
            Max tokens
            <input
              class="field figure"
              type="number"
              min={1}
              max={100000}
              value={maxTokens}
              onChange={(event) => setSettings({ maxTokens: whole(event.currentTarget, 1, 100_000) ?? defaultSettings.maxTokens })}
            />
          </label>
          <label>
            Seed
            <input
              class="field figure"
              type="number"
              min={0}
              placeholder="random"
              value={seed ?? ''}
              onChange={(event) => setSettings({ seed: whole(event.currentTarget, 0, 2 ** 31 - 1) })}
            />
          </label>
        </div>
        {!isDefault && (
          <button type="button" class="link small" onClick={defaultSampling}>
            Back to the defaults
          </button>
        )}
      </div>
    </Section>
  );
}

/** What the model is, what it is told, and how it draws. */
export function Setup(): JSX.Element {
  const isEmpty = turns.value.length === 0;
  return (
    <section class="side" aria-label="Setup">
      <ScrollRegion class="setup" label="Model and sampling">
        <ModelChooser />
        <Section title="system prompt">
          <textarea
            class="field system-prompt"
            aria-label="System prompt"
            rows={3}
            placeholder="What the model is told before the conversation"
            value={settings.value.system}
            onInput={(event) => setSettings({ system: event.currentTarget.value })}
          />
        </Section>
        <Sampling />
      </ScrollRegion>
      <div class="side-foot">
        <button type="button" class="button" disabled={isEmpty} title="Clear the conversation (n)" onClick={newConversation}>
          Clear
        </button>
        <button
          type="button"
          class="button"
          disabled={isEmpty || underWay.value !== null}
          title="Save the conversation to be read"
          onClick={() => save('conversation.md', 'text/markdown', markdownOf(turns.peek(), settings.peek()))}
        >
          Save text
        </button>
        <button
          type="button"
          class="button"
          disabled={isEmpty || underWay.value !== null}
          title="Save the conversation with every token and its alternatives"
          onClick={() => save('conversation.json', 'application/json', jsonOf(turns.peek(), settings.peek()))}
        >
          JSON
        </button>
      </div>
    </section>
  );
}
