import type { JSX } from 'preact';
import { Section } from '../parts/inspector-parts.tsx';
import { TryAgain } from '../parts/not-yet.tsx';
import { ScrollRegion } from '../parts/scroll-region.tsx';
import { TokenBar } from '../parts/token-bar.tsx';
import type { InspectPatched } from '../state/types.ts';
import { AskRow, Prompt } from './ask.tsx';
import { chosenModel, isChanged, lookIntoPair, pair, pairTrouble, showLayer, shownLayer, sourceDraft, targetDraft } from './inspect-state.ts';
import { curvesOf, hues } from './pair.ts';
import { PairPlot } from './pair-plot.tsx';

const told = 5; // tokens of a list

function Likeliest({ title, tokens, patched }: { title: string; tokens: InspectPatched['sourceTop']; patched: InspectPatched }): JSX.Element {
  const followed = new Map(curvesOf(patched).map(({ id, role }) => [id, hues[role]]));
  return (
    <section class="likeliest">
      <h3>{title}</h3>
      <ol class="alternatives">
        {tokens.slice(0, told).map(({ id, token, probability }) => (
          <TokenBar key={id} text={token} probability={probability} hue={followed.get(id)} />
        ))}
      </ol>
    </section>
  );
}

/** Two prompts, what either says by itself, and the plot of what becomes of the target. */
export function PairView(): JSX.Element {
  const patched = pair.data.value;
  return (
    <ScrollRegion class="inspect-view" label="One pair">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          lookIntoPair();
        }}
      >
        <div class="two-prompts">
          <Prompt label="Source" says="its last token is read" draft={sourceDraft} />
          <Prompt label="Target" says="its last token is written over" draft={targetDraft} />
        </div>
        <AskRow isLoading={pair.loading.value} trouble={pairTrouble.value} isOld={patched !== null && isChanged.value} />
      </form>
      <TryAgain of={pair} />
      {patched ? (
        <>
          <div class="two-prompts">
            <Likeliest title="by itself, the source says" tokens={patched.sourceTop} patched={patched} />
            <Likeliest title="by itself, the target says" tokens={patched.targetTop} patched={patched} />
          </div>
          <PairPlot patched={patched} model={chosenModel.value} shown={shownLayer.value} onChoose={showLayer} />
        </>
      ) : (
        !pair.error.value &&
        !pair.loading.value && (
          <p class="quiet inspect-hint">
            A model first forms what is asked, and later fetches the answer. What the source’s last token holds after some block is put in place of what the
            target’s holds; where the source’s question is then answered from the target’s text, the question was moved. Try the two prompts that stand here.
          </p>
        )
      )}
    </ScrollRegion>
  );
}

/** The layer that is chosen, and what the patched target says there. */
export function LayerDetails({ patched }: { patched: InspectPatched }): JSX.Element {
  const layer = shownLayer.value;
  const count = patched.layers.length;
  return (
    <aside class="inspector" aria-label="Details of the layer">
      <header>
        <p class="kind">The patched target</p>
        <h2>
          After block {layer} of {count}
        </h2>
      </header>
      <ScrollRegion class="content" label="About the layer">
        <Section>
          <label class="slider">
            <span>Layer</span>
            <input type="range" min={1} max={count} step={1} value={layer} onInput={(event) => showLayer(event.currentTarget.valueAsNumber)} />
            <span class="ends quiet small" aria-hidden="true">
              <span>1</span>
              <span>{count}</span>
            </span>
          </label>
        </Section>
        <Section>
          <Likeliest title="the target then says" tokens={patched.layers[layer - 1]?.top ?? []} patched={patched} />
        </Section>
      </ScrollRegion>
    </aside>
  );
}
