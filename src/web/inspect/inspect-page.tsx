import type { JSX } from 'preact';
import { generating } from '../chat/model-choice.ts';
import { NoModel } from '../chat/no-model.tsx';
import { NotYet } from '../parts/not-yet.tsx';
import { models } from '../state/data.ts';
import { go } from '../state/route.ts';
import { chosenModel, pair } from './inspect-state.ts';
import { LayerDetails, PairView } from './pair-view.tsx';

function ModelChooser(): JSX.Element {
  return (
    <select
      class="field"
      aria-label="Model"
      value={chosenModel.value}
      onChange={(event) => go({ model: event.currentTarget.value, layer: null })}
      onFocus={models.refresh}
    >
      {generating.value.map(({ name }) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
  );
}

/** What happens inside a model: prompts and pictures in the middle, the chosen layer at the right. */
export function InspectPage(): JSX.Element {
  if (!models.data.value) return <NotYet of={models} />;
  if (generating.value.length === 0) {
    return (
      <main class="read empty" id="main">
        <NoModel />
      </main>
    );
  }
  const patched = pair.data.value;
  return (
    <main class={`read inspect${patched ? '' : ' alone'}`} id="main">
      <section class="middle" aria-label="Inspect">
        <div class="bar">
          <h1>One pair, all layers</h1>
          <ModelChooser />
        </div>
        <PairView />
      </section>
      {patched && <LayerDetails patched={patched} />}
    </main>
  );
}
