export { type ListedSite, type ListedSites, listSites } from './list-sites.ts';
export { type InspectedLanguageModel, type InspectOptions, openInspected } from './open-inspected.ts';
export { type LikelyToken, type PatchedPair, type PatchPairOptions, patchPair } from './patch-pair.ts';
