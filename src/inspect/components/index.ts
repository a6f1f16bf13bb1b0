// What a model's components add to its residual stream, and what becomes of its answer without them.
export { type Attributed, type Attribution, attributeLogits, componentDifferences, type DirectEffects, directEffects } from './attribution.ts';
export { type Component, componentName, componentNamed, headsAndMlps } from './component.ts';
export { type HeadScore, type HeadScoreOptions, headScores } from './head-scores.ts';
export { type HeadedModel, openParts, type Parts, type PartsInput, type PartsOutput } from './parts.ts';
export { checkEnd, openPaths, type Path, type PathPatched, type Paths, pathPatch, sendersTo } from './path-patch.ts';
export { type LastRun, type ReadLastOptions, readLast } from './read-last.ts';
export { checkText, throughBlocks } from './through-blocks.ts';
