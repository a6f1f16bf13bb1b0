import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Program } from '../../core/index.ts';
import type { CausalTokenizer } from '../../formats/index.ts';
import type { CausalSource } from '../../models/index.ts';
import { causalInputs, channelSizes } from '../../nn/index.ts';
import { numbersOf, openEngine } from '../../runtime/index.ts';
import { smooth, withWeights } from './weights.ts';

const textPath = fileURLToPath(new URL('../../../models/calibration-text.txt', import.meta.url));
const mostTokens = 1024;

/** How large the channels usually are that enter the linears `int8` asks about, while a text that ships with Lyceum is read in float32: prose, instructions, code, numbers, letters, a table, some other languages. */
export const exampleSizes = async (source: CausalSource, tokenizer: CausalTokenizer, threads?: number): Promise<Map<string, Float32Array>> => {
  const { config, build } = source.member;
  const wanted = channelSizes([build(causalInputs(config, { mask: false })).logits], smooth);
  const program: Program = { name: 'sizes', outputs: Object.fromEntries(wanted) };
  const { inPlace, make } = withWeights(source, program, 'f32');
  const ids = tokenizer.encode(await readFile(textPath, 'utf8')).slice(0, Math.min(mostTokens, config.positions));
  await using engine = await openEngine(threads === undefined ? {} : { threads });
  await using compiled = await engine.compile(program, new Map([...inPlace, ...(await make())]));
  const row = (values: readonly number[]) => ({ dtype: 'int64' as const, shape: [1, values.length], data: BigInt64Array.from(values, BigInt) });
  const found = await compiled.run({ ids: row(ids), positions: row(ids.map((_, i) => i)) });
  return new Map([...wanted.keys()].map((site) => [site, Float32Array.from(numbersOf(found[site]!))]));
};
