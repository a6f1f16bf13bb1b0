export { keepOrion, orionFolder } from './keep-orion.ts';
export { type LensOf, type LensOfOptions, lensOf } from './lens-of.ts';
export type { LikelyToken } from './likely-token.ts';
export { type ListedSite, type ListedSites, listSites } from './list-sites.ts';
export { type Inspecting, type LocalInspectingOptions, localInspecting } from './local-inspecting.ts';
export { type InspectedLanguageModel, type InspectOptions, openInspected } from './open-inspected.ts';
export { type PatchedPair, type PatchPairOptions, patchPair } from './patch-pair.ts';
export { readOrion } from './read-orion.ts';
export { type OrionOutcome, type OrionRunSettings, type OrionTaskOutcome, type RunOrionOptions, runOrion } from './run-orion.ts';
