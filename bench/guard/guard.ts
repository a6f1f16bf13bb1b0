import { guardRequest } from '../../src/app/guard/guard-request.ts';
import { storyCases } from '../../src/app/guard/red-team.ts';
import { openLanguageModel } from '../../src/app/language-model/index.ts';
import { shippedGuard } from '../../src/app/language-model/open-guard.ts';
import type { Bench } from '../harness.ts';
import { interleaved, median, ratiosOf } from '../reader/compare.ts';

const model = 'smollm2-135m-instruct';
const tokens = 32;

/** What a guarded answer costs: one question on a story of about two hundred tokens, an answer of 32, with the guard that ships against none. Every turn has a story of its own, which no cache holds. */
export const guardBench: Bench = async ({ threads, runs = 15 }) => {
  const cases = await storyCases();
  const settings = await shippedGuard();
  await using plain = await openLanguageModel(model, { threads });
  await using guarded = await openLanguageModel(model, { threads, guard: settings });
  const turn = async (opened: typeof plain, run: number): Promise<number> => {
    const one = cases[run % cases.length]!;
    const document = `${run}. ${one.document}`;
    const begun = performance.now();
    await opened.generate({ ...guardRequest(opened.info, { ...one, document }), maxTokens: tokens });
    return (performance.now() - begun) / 1000;
  };
  const times = await interleaved(runs, (run) => turn(guarded, run), (run) => turn(plain, run)); // biome-ignore format: one call
  const [with_, without] = [median(times.ours), median(times.peer)];
  const ratios = ratiosOf(times);
  return [
    {
      name: 'guard/answer',
      metric: 'time',
      unit: 's',
      ours: with_,
      peer: without,
      peerName: 'Lyceum without a guard',
      peerVersion: null,
      ...ratios,
      runs,
      gate: true,
      note: `${(100 * (1 / ratios.ratio - 1)).toFixed(1)} % more by the median of turns, for a guarded answer of ${tokens} tokens at most; weights ${plain.info.weights}`,
    },
  ];
};
