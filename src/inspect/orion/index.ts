// Retrieval tasks: prompts that are a request and a context, what interventions make of them, and what that says of a model.
export { type DatasetOptions, makeDataset, type OrionDataset, type OrionPrompt } from './dataset.ts';
export { type Draw, openDraw } from './draw.ts';
export { type Encoder, openReader, type Reader, type ReadingOptions } from './first-token.ts';
export { alternativeTo } from './outcome/alternative.ts';
export { type CurvePoint, type Floors, floorsOf, type Normaliser, normalise, outcomeCurves } from './outcome/curves.ts';
export { type OutcomeLayers, outcomeLayers } from './outcome/layers.ts';
export { drawPairs, type OrionBaseline, type OrionPair, type OrionPairResult, type PairOptions } from './outcome/pairs.ts';
export { softMatch } from './outcome/soft-match.ts';
export {
  familyCells,
  type OrionSummary,
  type OrionSweep,
  type OrionTaskSummary,
  type RequestTransfer,
  summariseModel,
  summariseTask,
} from './outcome/summary.ts';
export { answersOf, byRole, isSeparable, labelsOf, type Role, roles } from './role.ts';
export { type OrionRunOptions, runOrionTask } from './run-task.ts';
export { type Attribute, type Context, type Entity, evaluate, find, type Request } from './table.ts';
export type { Draft, Drafts, OrionTask } from './task.ts';
export { type OrionOptions, orionTaskFolder, orionTasks } from './tasks/builtin-tasks.ts';
export { type QuestionOptions, questionTasks } from './tasks/question-answering.ts';
export { builtinStories, parseStories, readStories, type Story, type StoryData, type StoryQuestion } from './tasks/stories.ts';
export { parseOrionTask, readOrionTask, type TaskFile } from './tasks/task-file.ts';
