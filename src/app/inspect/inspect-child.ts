// Entry point of the process that a model is inspected in.
import { serveParent } from '../../runtime/index.ts';
import { type LensOf, type LensOfOptions, lensOf } from './lens-of.ts';
import { type InspectedLanguageModel, type InspectOptions, openInspected } from './open-inspected.ts';
import { type PatchedPair, type PatchPairOptions, patchPair } from './patch-pair.ts';

let model: InspectedLanguageModel;

const service = {
  async open(name: string, options: InspectOptions): Promise<void> {
    model = await openInspected(name, options);
  },
  patch: (source: string, target: string, options: PatchPairOptions): Promise<PatchedPair> => patchPair(model, source, target, options),
  lens: (prompt: string, options: LensOfOptions): Promise<LensOf> => lensOf(model, prompt, options),
};
export type InspectService = typeof service;

serveParent(service);
