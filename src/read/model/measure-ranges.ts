import { leavesOf } from '../../core/index.ts';
import type { TokenDocument } from '../../evaluate/index.ts';
import { type ActivationRange, activationRanges } from '../../nn/index.ts';
import { type Binding, type Engine, numbersOf } from '../../runtime/index.ts';
import type { Encoder } from './encoder.ts';
import { gridOf } from './grid.ts';
import { spanProgram } from './network/prediction-graph.ts';
import type { ReaderConfig } from './reader-config.ts';
import { piecesOf } from './windows.ts';

/** Sites whose products are quantised: the linears of the encoder. */
export const quantisedSites = /^blocks\./;

// What Gelu gives has a few channels that are large in [CLS] alone. Dividing those down makes the weights of the second linear so coarse that a scale a row is more exact, and no slower.
const rangedSites = /^blocks\.\d+\.(?:attn\.|mlp\.up$)/;

/**
 * Ranges of what enters the encoder's linears while some documents are read, by site: what int8 products are scaled by. The second linear of a block has none. Documents are read one by one, so padding counts for nothing.
 *
 * @param bindings  of every parameter of the encoder, the word table's among them
 */
export const measureRanges = async (
  documents: readonly TokenDocument[],
  { engine, encoder, config, bindings }: { engine: Engine; encoder: Encoder; config: ReaderConfig; bindings: ReadonlyMap<string, Binding> },
): Promise<Map<string, ActivationRange>> => {
  const wanted = activationRanges([spanProgram(encoder.config, config).outputs.hidden!], rangedSites);
  const outputs = Object.fromEntries([...wanted].flatMap(([site, { high, low }]) => [[`high:${site}`, high], [`low:${site}`, low]])); // biome-ignore format: pairs
  const { parameters } = leavesOf(Object.values(outputs));
  const own = new Map([...bindings].filter(([name]) => parameters.has(name)));
  await using program = await engine.compile({ name: 'reader/ranges', outputs }, own, { arena: true });
  const ranges = new Map<string, ActivationRange>();
  for (const { sentences } of documents) {
    const pieces = piecesOf(sentences, encoder.tokenizer, config.window);
    for (const window of pieces.windows) {
      const { ids, mask } = gridOf([{ pieces, window }], config.widths, encoder.special).feeds;
      const found = await program.run({ ids, mask });
      for (const site of wanted.keys()) {
        const [high, low] = [numbersOf(found[`high:${site}`]!), numbersOf(found[`low:${site}`]!)];
        const known = ranges.get(site) ?? { high: Float32Array.from(high), low: Float32Array.from(low) };
        for (let i = 0; i < high.length; i++) {
          known.high[i] = Math.max(known.high[i]!, high[i]!);
          known.low[i] = Math.min(known.low[i]!, low[i]!);
        }
        ranges.set(site, known);
      }
    }
  }
  return ranges;
};
