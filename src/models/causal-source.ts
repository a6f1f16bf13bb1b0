import { access, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FormatError, inOrder, isParameter, type Node, NotFoundError, nameOf } from '../core/index.ts';
import {
  type GgufFile,
  type Llama2cFile,
  openGguf,
  openLlama2c,
  openSafetensors,
  readAsFloat32,
  readGgufTensor,
  readQuantisedGguf,
  type SafetensorsFile,
  type TensorInfo,
} from '../formats/index.ts';
import { causalInputs, type PackedForm, type PackedValues } from '../nn/index.ts';
import { arrange } from './arrange.ts';
import { shown } from './config.ts';
import { type CausalMember, causalMember, causalMemberFromGguf, llamaHubForm } from './family.ts';
import { hubConfigOf } from './hub-config.ts';
import { type LlamaConfig, llama } from './llama.ts';
import { type FrozenWeight, locateWeights } from './weights.ts';

/** The opened files of a model: what is said in them is read once, by whoever needs it. */
export type CausalFiles =
  | { readonly kind: 'gguf'; readonly gguf: GgufFile }
  | { readonly kind: 'llama2c'; readonly checkpoint: Llama2cFile }
  | { readonly kind: 'folder'; readonly folder: string };

/** Opens a model's files, no weights. @throws FormatError, UnsupportedError */
export const openCausalFiles = async (kind: CausalFiles['kind'], path: string): Promise<CausalFiles> => {
  if (kind === 'gguf') return { kind, gguf: await openGguf(path) };
  return kind === 'llama2c' ? { kind, checkpoint: await openLlama2c(path) } : { kind, folder: path };
};

/** A causal model with the weights that its files hold. */
export interface CausalSource {
  /** What the files call its family: `general.architecture` or `model_type`. */
  readonly family: string;
  readonly member: CausalMember;
  /** Files that hold weights. */
  readonly files: readonly string[];
  /** Every parameter of the model. */
  readonly parameters: readonly Node[];
  /** Where a parameter lies as it is wanted, as floats in our arrangement; undefined where it must be read. */
  frozen(parameter: string): FrozenWeight | undefined;
  /** Values of a parameter, float32, in our arrangement. */
  values(parameter: string): Promise<Float32Array>;
  /** The `config.json` of the model, as a Hugging Face folder has it. @throws UnsupportedError where such a file cannot say what the model computes */
  hubConfig(): Readonly<Record<string, unknown>>;
  /** What the file keeps a parameter as: F32, F16, BF16, or one of GGUF's types. */
  stored(parameter: string): string;
  /** How the file keeps a parameter, if it does so in blocks of few bits that can be used as they are. */
  packedForm(parameter: string): PackedForm | undefined;
  packedValues(parameter: string): Promise<PackedValues>;
}

/** @throws NotFoundError, FormatError, ConfigError where the files are not a whole model of a known family */
export const causalSource = async (files: CausalFiles): Promise<CausalSource> => {
  if (files.kind === 'gguf') return fromGguf(files.gguf);
  return files.kind === 'llama2c' ? fromLlama2c(files.checkpoint) : fromFolder(files.folder);
};

/** Finds all parameters of a member in a file, or in what reads like one. */
const sourceOf = (
  family: string,
  member: CausalMember,
  file: SafetensorsFile,
  place: (tensor: string) => string | undefined,
  hubConfig: CausalSource['hubConfig'],
): CausalSource => {
  // Before a graph is made of what a config says: the file must be able to hold its blocks.
  const { layers } = member.config;
  if (file.tensors.size < leastTensors * layers)
    throw new NotFoundError(
      `weights ${file.path}: expected the tensors of ${layers} blocks, got ${file.tensors.size} tensors in all; the file holds another model or a part of one`,
    );
  const { logits } = member.build(causalInputs(member.config));
  const parameters = inOrder([logits]).filter(isParameter);
  const names = locateWeights(file, member.weightNames, parameters, member.arranged);
  return {
    family,
    member,
    hubConfig,
    files: [...new Set(parameters.map((node) => place(names.get(nameOf(node))!) ?? file.path))],
    parameters,
    frozen(parameter) {
      const theirs = names.get(parameter)!;
      const path = place(theirs);
      if (path === undefined || member.arranged.has(parameter)) return undefined;
      const { dtype, shape, offset } = file.tensors.get(theirs)!;
      return { kind: 'frozen', file: path, offset, dtype: dtype as FrozenWeight['dtype'], shape };
    },
    async values(parameter) {
      const { data } = await readAsFloat32(file, names.get(parameter)!);
      const how = member.arranged.get(parameter);
      return how ? arrange(data, how) : data;
    },
    stored: (parameter) => storedNames[file.tensors.get(names.get(parameter)!)!.dtype]!,
    packedForm: () => undefined,
    packedValues: (parameter) => Promise.reject(new Error(`internal: ${parameter} is not packed`)),
  };
};

/** Every block has so many: two norms, linears of attention and of the feed-forward part. */
const leastTensors = 6;

const storedNames: Readonly<Record<string, string>> = { float32: 'F32', float16: 'F16', bfloat16: 'BF16' };

// Blocks of sizes that the kernel knows, with whole numbers of at most a byte.
const packable: Readonly<Record<string, PackedForm>> = {
  Q4_0: { block: 32, bits: 4, minimums: false },
  Q4_1: { block: 32, bits: 4, minimums: true },
  Q5_0: { block: 32, bits: 5, minimums: false },
  Q5_1: { block: 32, bits: 5, minimums: true },
  Q8_0: { block: 32, bits: 8, minimums: false },
  Q4_K: { block: 32, bits: 4, minimums: true },
  Q5_K: { block: 32, bits: 5, minimums: true },
  Q6_K: { block: 16, bits: 6, minimums: false },
};

const fromGguf = async (gguf: GgufFile): Promise<CausalSource> => {
  const factors = gguf.tensors.has('rope_freqs.weight') ? await readGgufTensor(gguf, 'rope_freqs.weight') : undefined;
  const member = causalMemberFromGguf(gguf.metadata, gguf.tensors, { where: `gguf ${gguf.path}`, ...(factors && { ropeFactors: factors }) });
  // Whatever the file keeps them as, its weights come as float32.
  const tensors = new Map([...gguf.tensors].map(([name, tensor]): [string, TensorInfo] => [name, { ...tensor, dtype: 'float32' }]));
  const read: SafetensorsFile['read'] = async (name) => ({ dtype: 'float32', shape: tensors.get(name)!.shape, data: await readGgufTensor(gguf, name) });
  // Floats of 32 bits lie there as they are wanted, in line.
  const place = (tensor: string): string | undefined => (gguf.tensors.get(tensor)!.type === 'F32' ? gguf.path : undefined);
  const source = sourceOf(gguf.metadata.get('general.architecture') as string, member, { path: gguf.path, metadata: {}, tensors, read }, place, () =>
    hubConfigOf(gguf.metadata.get('general.architecture') as string, member.config, `gguf ${gguf.path}`),
  );
  const theirs = (parameter: string): string => (member.weightNames.get(parameter) ?? [parameter]).find((name) => gguf.tensors.has(name))!;
  return {
    ...source,
    stored: (parameter) => gguf.tensors.get(theirs(parameter))!.type,
    packedForm(parameter) {
      const { type, shape } = gguf.tensors.get(theirs(parameter))!;
      const form = packable[type];
      return form && shape.length === 2 && shape[1]! % form.block === 0 ? form : undefined;
    },
    packedValues: (parameter) => readQuantisedGguf(gguf, theirs(parameter)),
  };
};

/** Most bytes of a config.json, and of an index: that of 100 000 tensors has a tenth of it. */
const jsonLimit = 2 ** 26;
const shardLimit = 2000;

/** A folder as Hugging Face has it: config.json, and model.safetensors or the shards that model.safetensors.index.json names. */
const fromFolder = async (folder: string): Promise<CausalSource> => {
  const json = async (name: string): Promise<unknown> => {
    const path = join(folder, name);
    const text = await found(async () => {
      const about = await stat(path);
      if (!about.isFile() || about.size > jsonLimit)
        throw new FormatError(
          `${path}: expected a file of at most ${jsonLimit} bytes, got ${about.isFile() ? `${about.size}` : 'something else'}; fetch the file again`,
        );
      return readFile(path, 'utf8');
    }, `${folder}: expected ${name}, got no such file; a model folder holds config.json, tokenizer.json and model.safetensors`);
    try {
      return JSON.parse(text);
    } catch {
      throw new FormatError(`${path}: expected JSON, got something else; fetch the file again`);
    }
  };
  const config = await json('config.json');
  const member = causalMember(config, join(folder, 'config.json'));
  const whole = await access(join(folder, 'model.safetensors')).then(
    () => true,
    () => false,
  );
  const names = whole ? ['model.safetensors'] : shardsOf(await json('model.safetensors.index.json'), folder);
  const shards = new Map<string, SafetensorsFile>();
  for (const name of names) {
    const shard = await found(
      () => openSafetensors(join(folder, name)),
      `${folder}: expected ${name}, which model.safetensors.index.json names, got no such file; fetch the model again`,
    );
    for (const tensor of shard.tensors.keys()) {
      const other = shards.get(tensor);
      if (other)
        throw new FormatError(`${folder}: expected each tensor in one file, got ${shown(tensor)} in ${name} and in ${other.path}; fetch the model again`);
      shards.set(tensor, shard);
    }
  }
  const shardOf = (tensor: string): SafetensorsFile => shards.get(tensor)!;
  const joined: SafetensorsFile = {
    path: folder,
    metadata: {},
    tensors: new Map([...shards].map(([tensor, shard]) => [tensor, shard.tensors.get(tensor)!])),
    read: (tensor, options) => shardOf(tensor).read(tensor, options),
  };
  return sourceOf(
    (config as { model_type: string }).model_type,
    member,
    joined,
    (tensor) => shardOf(tensor).path,
    () => config as Record<string, unknown>,
  );
};

/** What is read, or the error of a file that is not there and of links that lead nowhere. */
const found = async <T>(read: () => Promise<T>, missing: string): Promise<T> => {
  try {
    return await read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ELOOP' || code === 'ENAMETOOLONG') throw new NotFoundError(missing, { cause: error });
    throw error;
  }
};

const shardsOf = (index: unknown, folder: string): string[] => {
  const map = (index as { weight_map?: unknown } | null)?.weight_map;
  const names = typeof map === 'object' && map !== null && !Array.isArray(map) ? [...new Set(Object.values(map as Record<string, unknown>))] : [];
  const bad = names.findIndex((name) => typeof name !== 'string' || !/^\w[\w.-]*\.safetensors$/.test(name));
  if (names.length === 0 || names.length > shardLimit || bad >= 0)
    throw new FormatError(
      `${folder}: expected model.safetensors.index.json to name 1 to ${shardLimit} files of this folder in weight_map, got ${bad >= 0 ? shown(names[bad]) : names.length > 0 ? names.length : shown(map)}; fetch the file again`,
    );
  return names as string[];
};

const fromLlama2c = (checkpoint: Llama2cFile): CausalSource => {
  const { hidden, ffn, layers, heads, kvHeads, vocab, seq, tied } = checkpoint.config;
  const json = {
    model_type: 'llama',
    vocab_size: vocab,
    hidden_size: hidden,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: kvHeads,
    intermediate_size: ffn,
    hidden_act: 'silu',
    max_position_embeddings: seq,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: tied,
    rope_theta: 10_000,
  };
  const read = causalMember(json, `llama2.c ${checkpoint.path}`);
  const config: LlamaConfig = { ...(read.config as LlamaConfig), rope: checkpoint.ropePairs };
  return sourceOf(
    'llama',
    { ...read, config, build: (inputs) => llama(config, inputs), hub: llamaHubForm(config) },
    checkpoint,
    () => checkpoint.path,
    () => ({
      architectures: ['LlamaForCausalLM'],
      ...json,
    }),
  );
};
