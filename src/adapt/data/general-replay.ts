import { fileURLToPath } from 'node:url';

/** Samples of everyday questions, instructions, conversations and texts that ship with Lyceum, written for this: replayed beside training data they keep a model from forgetting. They tell none of the facts that `evaluate` asks. */
export const generalReplayPath: string = fileURLToPath(new URL('../../../models/general-replay.jsonl', import.meta.url));
