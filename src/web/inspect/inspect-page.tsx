import type { JSX } from 'preact';
import { generating } from '../chat/model-choice.ts';
import { ModelSelect } from '../chat/model-select.tsx';
import { NoModel } from '../chat/no-model.tsx';
import { NotYet } from '../parts/not-yet.tsx';
import { Tabs } from '../parts/tabs.tsx';
import { models } from '../state/data.ts';
import { go, inspectedLook } from '../state/route.ts';
import { attention } from './attention-state.ts';
import { AttentionView, HeadDetails } from './attention-view.tsx';
import { attribution } from './attribution-state.ts';
import { AttributionView, PartDetails } from './attribution-view.tsx';
import { scored } from './heads-state.ts';
import { HeadsView, ScoreDetails } from './heads-view.tsx';
import { chosenModel, lens, pair } from './inspect-state.ts';
import { CellDetails, LensView } from './lens-view.tsx';
import { LayerDetails, PairView } from './pair-view.tsx';

const tabs = [
  { value: 'pair', label: 'One pair' },
  { value: 'lens', label: 'Logit lens' },
  { value: 'attention', label: 'Attention' },
  { value: 'attribution', label: 'Attribution' },
  { value: 'heads', label: 'Heads' },
] as const;
const views = { pair: PairView, lens: LensView, attention: AttentionView, attribution: AttributionView, heads: HeadsView } as const;

/** What happens inside a model: prompts and pictures in the middle, the chosen layer or cell at the right. */
export function InspectPage(): JSX.Element {
  if (!models.data.value) return <NotYet of={models} />;
  if (generating.value.length === 0) {
    return (
      <main class="read empty" id="main">
        <NoModel />
      </main>
    );
  }
  const look = inspectedLook.value;
  const View = views[look];
  const [patched, read, attended, attributed, kinds] = [pair.data.value, lens.data.value, attention.data.value, attribution.data.value, scored.data.value];
  return (
    <main class={`read inspect${patched || read || attended || attributed || kinds ? '' : ' alone'}`} id="main">
      <section class="middle" aria-label="Inspect">
        <div class="bar">
          <Tabs label="Show" controls="look" value={look} onChange={(next) => go({ look: next === 'pair' ? null : next })} tabs={tabs} />
          <ModelSelect value={chosenModel.value} onChoose={(model) => go({ model, layer: null, cell: null, head: null, part: null })} />
        </div>
        <div id="look" class="view" role="tabpanel" aria-label={tabs.find(({ value }) => value === look)!.label}>
          <View />
        </div>
      </section>
      {patched && <LayerDetails patched={patched} />}
      {read && <CellDetails read={read} />}
      {attended && <HeadDetails read={attended} />}
      {attributed && <PartDetails read={attributed} />}
      {kinds && <ScoreDetails read={kinds} />}
    </main>
  );
}
