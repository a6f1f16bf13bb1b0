import { availableParallelism } from 'node:os';
import type { Command } from 'commander';

export interface CommonOptions {
  readonly dir: string;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly threads: number;
  readonly seed: number;
  readonly device: 'cpu' | 'webgpu';
  readonly weights: 'auto' | 'f32' | 'int8' | 'int4';
}

/** The options every verb understands, with their defaults filled in. */
export const commonOptions = (command: Command): CommonOptions => {
  const given = command.optsWithGlobals<Partial<CommonOptions>>();
  return {
    dir: given.dir ?? '.lyceum',
    json: given.json ?? false,
    quiet: given.quiet ?? false,
    threads: given.threads ?? availableParallelism(),
    seed: given.seed ?? 0,
    device: given.device ?? 'cpu',
    weights: given.weights ?? 'auto',
  };
};
