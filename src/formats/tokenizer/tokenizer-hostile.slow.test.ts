import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LyceumError } from '../../core/index.ts';
import { type CausalTokenizer, openCausalTokenizer, tokenizerFromGguf } from '../index.ts';
import { mutate, mutateJson } from '../testing/hostile.ts';
import { smallTokenizers } from '../testing/tokenizer-fixture.ts';

const many = 10_000;
const longestMs = 250;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lyceum-tokenizers-'));
});
afterAll(() => rm(folder, { recursive: true }));

const use = (tokenizer: CausalTokenizer): void => {
  const { ids, ends } = tokenizer.encodeWithOffsets('ab <|im_end|> the é🙂 of\n\n');
  expect(ends).toHaveLength(ids.length);
  tokenizer.decode(ids);
  for (const id of ids) tokenizer.tokenBytes(id);
};

/** Every seed's tokenizer is used or refused, each at once, and together within memory. Answers how many were used. */
const hold = async (open: (seed: number) => Promise<CausalTokenizer> | CausalTokenizer): Promise<number> => {
  const before = process.memoryUsage().arrayBuffers;
  let used = 0;
  for (let seed = 0; seed < many; seed++) {
    const start = process.cpuUsage(); // of this process: what else runs on the machine does not count
    try {
      use(await open(seed));
      used++;
    } catch (error) {
      if (!(error instanceof LyceumError)) throw new Error(`seed ${seed}`, { cause: error });
    }
    const { user, system } = process.cpuUsage(start);
    if ((user + system) / 1000 > longestMs) expect.fail(`seed ${seed}: took ${(user + system) / 1000} ms`);
  }
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 2 ** 20);
  return used;
};

it(`${many} damaged tokenizers of models that continue text are used, or refused`, async () => {
  expect(await hold((seed) => openCausalTokenizer(mutateJson(smallTokenizers[seed % smallTokenizers.length]!, seed), { timeoutMs: 100 }))).toBeGreaterThan(
    many / 10,
  );
});

it(`${many} damaged tokenizer_config.json and generation_config.json give the begin and end tokens, or are refused`, async () => {
  const [good] = smallTokenizers;
  const beside = { config: { bos_token: { content: '<|im_start|>', special: true }, eos_token: '<|im_end|>', chat_template: 'x' }, eos: [0, 2, '<|im_end|>'] };
  const used = await hold((seed) => {
    const { config, eos } = mutateJson(beside, seed) as { config: object; eos: unknown };
    return openCausalTokenizer(good!, { config, eos: [eos ?? []].flat() as number[], vocab: 1000, template: 'x <|im_start|>' });
  });
  expect(used).toBeGreaterThan(many / 10);
  expect(used).toBeLessThan(many);
});

it(`${many} damaged and truncated tokenizer files are used, or refused`, async () => {
  const path = join(folder, 'tokenizer.json');
  const files = smallTokenizers.map((one) => new TextEncoder().encode(JSON.stringify(one)));
  const used = await hold(async (seed) => {
    const whole = files[seed % files.length]!;
    await writeFile(path, seed % 2 === 0 ? whole.slice(0, Math.imul(seed, 7919) % whole.length) : mutate(whole, seed));
    return openCausalTokenizer(path, { timeoutMs: 100 });
  });
  expect(used).toBeLessThan(many / 2); // a file that was cut is none
});

it(`${many} damaged tokenizers in a GGUF file's metadata are used, or refused`, async () => {
  const [bytePairs, pieces] = [Object.keys(smallTokenizers[0]!.model.vocab), Object.keys(smallTokenizers[2]!.model.vocab)];
  const heads = [
    {
      'tokenizer.ggml.model': 'gpt2',
      'tokenizer.ggml.pre': 'smollm',
      'tokenizer.ggml.tokens': bytePairs,
      'tokenizer.ggml.token_type': bytePairs.map(() => 1),
      'tokenizer.ggml.merges': smallTokenizers[0]!.model.merges.map((pair) => pair.join(' ')),
      'tokenizer.ggml.eos_token_id': 2,
      'tokenizer.ggml.bos_token_id': 1,
    },
    {
      'tokenizer.ggml.model': 'llama',
      'tokenizer.ggml.tokens': pieces,
      'tokenizer.ggml.scores': pieces.map((_, i) => -i),
      'tokenizer.ggml.token_type': pieces.map((_, i) => (i < 3 ? 3 : 1)),
      'tokenizer.ggml.eos_token_id': 2,
      'tokenizer.ggml.bos_token_id': 1,
      'tokenizer.ggml.add_bos_token': true,
    },
  ];
  for (const head of heads) use(tokenizerFromGguf(new Map<string, unknown>(Object.entries(head))));
  expect(await hold((seed) => tokenizerFromGguf(new Map(Object.entries(mutateJson(heads[seed % heads.length]!, seed)))))).toBeGreaterThan(many / 10);
});
