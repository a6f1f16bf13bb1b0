// Entry point of the process that a model is inspected in.
import { serveParent } from '../../runtime/index.ts';
import { type AttentionOf, type AttentionOfOptions, attentionOf } from './attention-of.ts';
import { type AttributionOf, type AttributionOfOptions, attributionOf } from './attribution-of.ts';
import { type HeadsOf, type HeadsOfOptions, headsOf } from './heads-of.ts';
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
  attention: (prompt: string, options: AttentionOfOptions): Promise<AttentionOf> => attentionOf(model, prompt, options),
  attribute: (prompt: string, options: AttributionOfOptions): Promise<AttributionOf> => attributionOf(model, prompt, options),
  heads: (options: HeadsOfOptions): Promise<HeadsOf> => headsOf(model, options),
};
export type InspectService = typeof service;

serveParent(service);
