import { existsSync } from 'node:fs';
import { appendFile, mkdir, readFile, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type BaseModel, openHeldOut, recipeOf, trainAdapter } from '../../../src/adapt/index.ts';
import { openEngine } from '../../../src/runtime/index.ts';
import { log } from '../../reader/row.ts';
import { type Arm, type ArmRates, arms, hashOfCell } from './cells.ts';
import type { Mix } from './data.ts';

/** Learning rates tried of each arm that has one of its own, and larger ones as long as the largest is the best. LoRAMoE without its constraint takes that of LoRAMoE. */
const tried = { full: [3e-5, 1e-4, 3e-4], lora: [2e-4, 5e-4, 1e-3], loramoe: [2e-4, 5e-4, 1e-3] } as const satisfies Partial<Record<Arm, readonly number[]>>;

const mostTried = 6;

const path = fileURLToPath(new URL('../../../docs/forgetting/rates.jsonl', import.meta.url));

interface Trial {
  readonly arm: string;
  readonly rate: number;
  readonly hash: string;
  /** Loss of samples that are neither trained on nor tested, in nats a label. */
  readonly dev: number;
}

const trials = async (): Promise<Trial[]> =>
  existsSync(path)
    ? (await readFile(path, 'utf8')).split('\n').flatMap((line) => (line.endsWith('}') ? [JSON.parse(line) as Trial] : [])) // a line cut off by a kill is none
    : [];

const bestOf = (found: readonly Trial[]): Trial => found.reduce((a, b) => (b.dev < a.dev ? b : a));

/** The learning rate of every arm with the lowest dev loss after 512 samples of seed 0, once each; what is in docs/forgetting/rates.jsonl is not tried again. */
export const chooseRates = async (base: BaseModel, mix: Mix, folder: string, threads: number): Promise<ArmRates> => {
  const best = async (arm: keyof typeof tried): Promise<number> => {
    const found: Trial[] = [];
    const rates: number[] = [...tried[arm]];
    for (const rate of rates) {
      const recipe = { ...arms[arm], epochs: 1, learningRate: rate, seed: 0 };
      const hash = hashOfCell({ name: 'rate', size: 512, seed: 0, recipe }, [base.sha256, ...mix.asked]);
      const known = (await trials()).find((one) => one.hash === hash);
      found.push(known ?? { arm, rate, hash, dev: await devLoss(base, mix, recipe, `${folder}/rate-${arm}-${rate}-${hash}`, threads) });
      if (!known) {
        await appendFile(path, `${JSON.stringify(found.at(-1))}\n`);
        log(`  ${arm} at ${rate}: ${found.at(-1)!.dev.toFixed(4)}`);
      }
      if (found.length === rates.length && bestOf(found).rate === rate && rates.length < mostTried) rates.push(2 * rate); // the loop goes on to it
    }
    return bestOf(found).rate;
  };
  const [full, lora, loramoe] = [await best('full'), await best('lora'), await best('loramoe')];
  return { full, lora, loramoe, 'loramoe-free': loramoe };
};

const devLoss = async (base: BaseModel, mix: Mix, given: Parameters<typeof recipeOf>[0], folder: string, threads: number): Promise<number> => {
  const recipe = recipeOf(given, { exactBytes: true, model: base.source.member.config });
  await mkdir(folder, { recursive: true });
  await using engine = await openEngine({ process: true, threads, cacheBytes: 1 });
  await using judge = await openHeldOut({ base, engine, recipe, texts: mix.dev });
  const { best } = await trainAdapter({ base, engine, recipe, texts: mix.training(512, 0), judge, folder });
  await rm(folder, { recursive: true });
  return -best!.score;
};
