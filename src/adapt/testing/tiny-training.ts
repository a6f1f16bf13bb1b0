import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { CausalSource } from '../../models/index.ts';
import { type Engine, openEngine } from '../../runtime/index.ts';
import type { BaseModel } from '../base-model.ts';
import { folderSource } from '../files/testing/sources.ts';
import { tinyBase } from './tiny-base.ts';

/** What the tests of a file train: a tiny model, with an engine and a folder, which are gone after the last test. */
export const tinyTraining = async (): Promise<{ readonly engine: Engine; readonly work: string; readonly source: CausalSource; readonly base: BaseModel }> => {
  const engine = await openEngine({ threads: 1 });
  const work = await mkdtemp(join(tmpdir(), 'lyceum-training-'));
  afterAll(async () => {
    await engine[Symbol.asyncDispose]();
    await rm(work, { recursive: true });
  });
  const source = await folderSource(work, 'llama');
  return { engine, work, source, base: await tinyBase(source) };
};
