import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { elements, inOrder, input, isParameter, mul, nameOf, sum } from '../../../src/core/index.ts';
import { openCausalTokenizer, openSafetensors, readAsFloat32, writeSafetensors } from '../../../src/formats/index.ts';
import { type Encoder, makeDataset, type OrionTask, orionTasks } from '../../../src/inspect/index.ts';
import { type CausalMember, causalMember, putBack } from '../../../src/models/index.ts';
import { causalInputs, softmaxCrossEntropy, uniformStart } from '../../../src/nn/index.ts';
import { openEngine, type TensorData } from '../../../src/runtime/index.ts';
import { bestWeights, defaultAdamW, train } from '../../../src/train/index.ts';
import { log } from '../../reader/row.ts';
import { answeredTexts, inductionText, type LearntText, repeatedText, stepDraw } from './texts.ts';
import { controlTokenizer } from './tokenizer.ts';

/** What the control model is called. */
export const controlName = 'control-neox';
const families = ['variable-binding', 'type-hint'];
const ignore = -100;
/** Of the loss: lines of induction, then the families, the fewer their answers the less. */
const shares = [0.5, 0.3, 0.2];
const [layers, hidden, ffn, heads] = [6, 128, 256, 4];
const learningRate = 3e-3;
const epochSteps = 100;

const configOf = (vocab: number) => ({
  model_type: 'gpt_neox',
  architectures: ['GPTNeoXForCausalLM'],
  vocab_size: vocab,
  hidden_size: hidden,
  num_hidden_layers: layers,
  num_attention_heads: heads,
  intermediate_size: ffn,
  hidden_act: 'gelu',
  max_position_embeddings: 1024,
  layer_norm_eps: 1e-5,
  rotary_pct: 0.5,
  rotary_emb_base: 10_000,
  use_parallel_residual: true,
  tie_word_embeddings: true,
});

export interface ControlOptions {
  readonly threads: number;
  readonly seed?: number;
  readonly epochs?: number;
}

/**
 * A small gpt-neox that knows by training what ORION asks of it: induction, variable binding and type hints, and nothing else. Trained on texts with other draws than those it is asked, in the folder unless it is there; an interrupted
 * training goes on.
 *
 * @returns the folder of the model, as Hugging Face has it
 */
export const trainControl = async (folder: string, { threads, seed = 0, epochs = 16 }: ControlOptions): Promise<string> => {
  const model = join(folder, controlName);
  if (existsSync(join(model, 'config.json'))) return model;
  const tasks = orionTasks().filter(({ family }) => families.includes(family));
  const words = tasks.flatMap((task) => makeDataset(task, { encode: (text) => [...Buffer.from(text)] }, { count: 40, seed }).prompts.map(({ text }) => text));
  const { size, ...tokenizer } = controlTokenizer(words);
  const encoder = await openCausalTokenizer(tokenizer);
  const config = configOf(size);
  const member = causalMember(config);
  const inputs = causalInputs(member.config, { mask: false });
  const { logits } = member.build(inputs);
  const labels = input('labels', ['batch', 'seq'], 'int64');
  const share = input('share', []);
  const loss = mul(sum(softmaxCrossEntropy(logits, labels, { ignore }), [0, 1]), share);
  const parameters = inOrder([logits]).filter(isParameter);
  const stepsOf = (epoch: number): number[][] => Array.from({ length: epochSteps }, (_, i) => [epoch * epochSteps + i]);
  await using engine = await openEngine({ threads });
  let told = 0;
  const { ended } = await train({
    engine,
    folder,
    name: controlName,
    objective: { loss, metrics: {} },
    groups: [
      { name: 'matrices', parameters: parameters.filter(({ shape }) => shape.length > 1), learningRate, weightDecay: 0.01 },
      { name: 'vectors', parameters: parameters.filter(({ shape }) => shape.length === 1), learningRate, weightDecay: 0 },
    ],
    adamw: { ...defaultAdamW, beta2: 0.98 },
    schedule: { kind: 'cosine', warmup: 0.05 },
    frozen: new Map(),
    initial: async () =>
      Object.fromEntries(
        parameters.map((node) => {
          const shape = node.shape as readonly number[];
          return [nameOf(node), { dtype: 'float32' as const, shape, data: firstValue(nameOf(node), shape, seed) }];
        }),
      ),
    epochs,
    seed,
    batches: stepsOf,
    feeds: ([step]) => microBatches(encoder, tasks, seed, step!, epochs * epochSteps),
    accumulate: true,
    evaluation: { after: (epoch) => epoch === epochs, judge: async () => ({ score: 0, metrics: {} }), keep: 'last' },
    onProgress: ({ step, steps, loss, secondsLeft }) => {
      if (performance.now() - told < 15_000 && step < steps) return;
      told = performance.now();
      log(`  ${controlName}: step ${step} of ${steps}, loss ${loss.toFixed(3)}, ${Math.round(secondsLeft)} s left`);
    },
  });
  if (ended !== 'finished') throw new Error(`${controlName}: expected a training that is finished, got one that is ${ended}; run the bench again`);
  await mkdir(model, { recursive: true });
  await writeSafetensors(join(model, 'model.safetensors'), await hubValues(member, join(folder, bestWeights)));
  await writeFile(join(model, 'tokenizer.json'), JSON.stringify(tokenizer));
  await writeFile(join(model, 'tokenizer_config.json'), JSON.stringify({ eos_token: '<|endoftext|>' }));
  await writeFile(join(model, 'config.json.part'), JSON.stringify(config));
  await rename(join(model, 'config.json.part'), join(model, 'config.json'));
  return model;
};

/** Scaled as GPT-2's: what is added to the residual stream is smaller the more there is of it. */
const firstValue = (name: string, shape: readonly number[], seed: number): Float32Array => {
  const length = elements(shape);
  if (shape.length === 1) return new Float32Array(length).fill(name.endsWith('.weight') ? 1 : 0);
  const deviation = name.startsWith('embed') ? 0.05 : /attn\.out|mlp\.down/.test(name) ? 1 / Math.sqrt(2 * layers * shape[1]!) : 1 / Math.sqrt(shape[1]!);
  return uniformStart(name, length, seed, deviation * Math.sqrt(3));
};

/** What one step learns: at first strings that repeat; then how targets of lines begin, of short strings and long, at last of such lines as are asked; beside that, answers to prompts of one variant of each family. */
const microBatches = (encoder: Encoder, tasks: readonly OrionTask[], seed: number, step: number, steps: number): Record<string, TensorData>[] => {
  const draw = stepDraw(seed, step);
  const done = step / steps;
  if (done < 0.2) {
    const length = 6 + draw.index(7);
    return [
      feedsOf(
        Array.from({ length: 48 }, () => repeatedText(encoder, draw, { length, passes: 4 })),
        1,
      ),
    ];
  }
  const asAsked = done >= 0.85;
  const length = asAsked ? 5 : 1 + draw.index(5);
  const lines = Array.from({ length: asAsked ? 4 : Math.ceil(30 / (length + 1)) }, () =>
    inductionText(encoder, draw, asAsked ? { length, keys: 10, passes: 3 + draw.index(3) } : { length, keys: 4 + draw.index(5), passes: 3 }),
  );
  const answered = families.map((family) => {
    const own = tasks.filter((task) => task.family === family);
    return answeredTexts(own[step % own.length]!, encoder, family === 'type-hint' ? 2 : 12, 1_000_000 + step + seed * 65_537);
  });
  return [lines, ...answered].map((texts, i) => feedsOf(texts, shares[i]!));
};

const feedsOf = (texts: readonly LearntText[], share: number): Record<string, TensorData> => {
  const seq = Math.max(...texts.map(({ ids }) => ids.length)) - 1;
  const int64 = (of: (text: LearntText, at: number) => number): TensorData => ({
    dtype: 'int64',
    shape: [texts.length, seq],
    data: BigInt64Array.from(texts.flatMap((text) => Array.from({ length: seq }, (_, at) => BigInt(of(text, at))))),
  });
  const labels = texts.reduce((sum, { labelled }) => sum + labelled.filter(Boolean).length, 0);
  return {
    ids: int64(({ ids }, at) => ids[at] ?? 0),
    positions: int64((_, at) => at),
    labels: int64(({ ids, labelled }, at) => (labelled[at + 1] ? ids[at + 1]! : ignore)),
    share: { dtype: 'float32', shape: [], data: Float32Array.of(share / labels) },
  };
};

/** Trained weights under the names, and in the arrangement, of Hugging Face files. */
const hubValues = async ({ hub }: CausalMember, path: string): Promise<Record<string, TensorData>> => {
  const file = await openSafetensors(path);
  const made: Record<string, { dtype: 'float32'; shape: readonly number[]; data: Float32Array }> = {};
  for (const [name, { shape }] of file.tensors) {
    const theirs = hub.names.get(name)![0]!;
    const how = hub.arranged.get(name);
    const { data } = await readAsFloat32(file, name);
    made[theirs] ??= { dtype: 'float32', shape: how?.stored ?? shape, data: new Float32Array(elements(how?.stored ?? shape)) };
    if (how) putBack(data, how, made[theirs].data);
    else made[theirs].data.set(data);
  }
  return made;
};
