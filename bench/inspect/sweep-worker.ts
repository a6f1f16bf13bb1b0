// Our side of the bench of sweeps as a process; bench/peers/sweep_peer.py answers the same requests.
import { type InspectedLanguageModel, openInspected, patchPair } from '../../src/app/inspect/index.ts';
import type { ModelWeights } from '../../src/app/language-model/index.ts';
import { type PatchedRun, sweep } from '../../src/inspect/index.ts';
import { memory, serve } from '../reader/serve.ts';

let model: InspectedLanguageModel | undefined;
await serve({
  async open({ file, threads, weights }: { file: string; threads: number; weights?: ModelWeights }) {
    model = await openInspected(file, { threads, weights });
    return { layers: model.blocks.config.layers };
  },
  async ids({ texts }: { texts: readonly string[] }) {
    return { ids: texts.map((text) => model!.tokenizer.encode(text)) };
  },
  async sweep({ prompts, runs }: { prompts: readonly (readonly number[])[]; runs: readonly PatchedRun[] }) {
    const start = performance.now();
    const { patched } = await sweep(model!.blocks, prompts, runs);
    return { seconds: (performance.now() - start) / 1000, logprobs: patched.map(({ logprobs }) => logprobs[0]!) };
  },
  async pair({ source, target }: { source: string; target: string }) {
    const start = performance.now();
    const { layers } = await patchPair(model!, source, target);
    return { seconds: (performance.now() - start) / 1000, layers: layers.length };
  },
  memory,
});
await model?.[Symbol.asyncDispose]();
