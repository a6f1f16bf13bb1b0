import { access, readFile } from 'node:fs/promises';
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
} from '../formats/index.ts';
import type { PackedForm, PackedValues } from '../nn/index.ts';
import { arrange } from './arrange.ts';
import { causalInputs } from './causal.ts';
import { type CausalMember, causalMember, causalMemberFromGguf } from './family.ts';
import { llama } from './llama.ts';

/** A causal model with the weights that some file holds. */
export interface CausalSource {
  /** What the file calls its family: `general.architecture` or `model_type`. */
  readonly family: string;
  readonly member: CausalMember;
  /** The files that hold the weights. */
  readonly files: readonly string[];
  /** Every parameter of the model. */
  readonly parameters: readonly Node[];
  /** Values of a parameter, float32, in our arrangement. */
  values(parameter: string): Promise<Float32Array>;
  /** How the file keeps a parameter, if it does so in blocks of few bits that can be used as they are. */
  packedForm(parameter: string): PackedForm | undefined;
  packedValues(parameter: string): Promise<PackedValues>;
}

const parametersOf = (member: CausalMember): Node[] => {
  const { logits, parameters } = member.build(causalInputs(member.config));
  return [...new Set([...parameters, ...inOrder([logits]).filter(isParameter)])];
};

/** @param names  parameter → names it may have in the file @throws NotFoundError naming what is missing */
const located = (parameters: readonly Node[], names: CausalMember['weightNames'], has: (name: string) => boolean, where: string): Map<string, string> => {
  const found = new Map<string, string>();
  const missing: string[] = [];
  for (const node of parameters) {
    const ours = nameOf(node);
    const theirs = (names.get(ours) ?? [ours]).find(has);
    if (theirs === undefined) missing.push(names.get(ours)?.[0] ?? ours);
    else found.set(ours, theirs);
  }
  if (missing.length > 0)
    throw new NotFoundError(
      `${where}: expected all ${parameters.length} weights of the model, got none called ${missing.slice(0, 5).join(', ')}${missing.length > 5 ? ` and ${missing.length - 5} more` : ''}; the file holds another model or a part of one`,
    );
  return found;
};

// Blocks that the kernel knows; the bits that remain whole numbers of at most a byte.
const blocks = new Set([16, 32, 64, 128, 256]);
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

/** @throws ConfigError, FormatError, NotFoundError where the file is not a whole model of a known family */
export const causalFromGguf = async (gguf: GgufFile): Promise<CausalSource> => {
  const where = `gguf ${gguf.path}`;
  const factors = gguf.tensors.has('rope_freqs.weight') ? await readGgufTensor(gguf, 'rope_freqs.weight') : undefined;
  const member = causalMemberFromGguf(gguf.metadata, gguf.tensors, { where, ...(factors && { ropeFactors: factors }) });
  const parameters = parametersOf(member);
  const names = located(parameters, member.weightNames, (name) => gguf.tensors.has(name), where);
  for (const node of parameters) {
    const { shape } = gguf.tensors.get(names.get(nameOf(node))!)!;
    if (String(shape) !== String(node.shape))
      throw new FormatError(
        `${where} tensor ${names.get(nameOf(node))}: expected shape [${node.shape.join(', ')}], got [${shape.join(', ')}]; metadata and weights are of two models`,
      );
  }
  return {
    family: gguf.metadata.get('general.architecture') as string,
    member,
    files: [gguf.path],
    parameters,
    values: (parameter) => readGgufTensor(gguf, names.get(parameter)!),
    packedForm: (parameter) => {
      const { type, shape } = gguf.tensors.get(names.get(parameter)!)!;
      const form = packable[type];
      return form && shape.length === 2 && blocks.has(form.block) && shape[1]! % form.block === 0 ? form : undefined;
    },
    packedValues: (parameter) => readQuantisedGguf(gguf, names.get(parameter)!),
  };
};

const unpacked = {
  packedForm: () => undefined,
  packedValues: (parameter: string) => Promise.reject(new Error(`internal: ${parameter} is not packed`)),
};

const fromTensors = (family: string, member: CausalMember, files: readonly SafetensorsFile[], where: string): CausalSource => {
  const parameters = parametersOf(member);
  const fileOf = (name: string) => files.find((file) => file.tensors.has(name));
  const names = located(parameters, member.weightNames, (name) => fileOf(name) !== undefined, where);
  for (const node of parameters) {
    const theirs = names.get(nameOf(node))!;
    const { shape } = fileOf(theirs)!.tensors.get(theirs)!;
    const expected = member.arranged.get(nameOf(node))?.stored ?? node.shape;
    if (String(shape) !== String(expected))
      throw new FormatError(
        `${where} tensor ${theirs}: expected shape [${expected.join(', ')}], got [${shape.join(', ')}]; the config and the weights are of two models`,
      );
  }
  return {
    family,
    member,
    files: files.map(({ path }) => path),
    parameters,
    async values(parameter) {
      const theirs = names.get(parameter)!;
      const { data } = await readAsFloat32(fileOf(theirs)!, theirs);
      const how = member.arranged.get(parameter);
      return how ? arrange(data, how) : data;
    },
    ...unpacked,
  };
};

/** A folder as Hugging Face has it: config.json, and model.safetensors or the shards that model.safetensors.index.json names. @throws NotFoundError, FormatError, ConfigError */
export const causalFromFolder = async (folder: string): Promise<CausalSource> => {
  const json = async (name: string): Promise<unknown> => {
    const path = join(folder, name);
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      throw new NotFoundError(`${folder}: expected ${name}, got no such file; a model folder holds config.json, tokenizer.json and model.safetensors`);
    });
    try {
      return JSON.parse(text);
    } catch {
      throw new FormatError(`${path}: expected JSON, got something else; fetch the file again`);
    }
  };
  const config = await json('config.json');
  const member = causalMember(config, join(folder, 'config.json'));
  const single = join(folder, 'model.safetensors');
  const whole = await access(single).then(
    () => true,
    () => false,
  );
  const shards = whole ? ['model.safetensors'] : shardsOf(await json('model.safetensors.index.json'), folder);
  return fromTensors(
    (config as { model_type: string }).model_type,
    member,
    await Promise.all(shards.map((name) => openSafetensors(join(folder, name)))),
    folder,
  );
};

const shardsOf = (index: unknown, folder: string): string[] => {
  const map = (index as { weight_map?: unknown } | null)?.weight_map;
  const names = map && typeof map === 'object' ? [...new Set(Object.values(map as Record<string, unknown>))] : [];
  const bad = names.find((name) => typeof name !== 'string' || !/^[\w][\w.-]*\.safetensors$/.test(name));
  if (names.length === 0 || bad !== undefined)
    throw new FormatError(
      `${folder}: expected model.safetensors.index.json to name files of this folder in weight_map, got ${JSON.stringify(bad ?? map ?? index)?.slice(0, 80)}`,
    );
  return names as string[];
};

/** A llama2.c checkpoint. */
export const causalFromLlama2c = (file: Llama2cFile): CausalSource => {
  const { hidden, ffn, layers, heads, kvHeads, vocab, seq, tied } = file.config;
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
  const where = `llama2.c ${file.path}`;
  const read = causalMember(json, where);
  const config = { ...(read.config as Parameters<typeof llama>[0]), rope: file.ropePairs };
  return fromTensors('llama', { ...read, config, build: (inputs) => llama(config, inputs) }, [file], where);
};

/** Opens a model of any kind. */
export const openCausal = async (kind: 'gguf' | 'folder' | 'llama2c', path: string): Promise<CausalSource> => {
  if (kind === 'gguf') return causalFromGguf(await openGguf(path));
  return kind === 'folder' ? causalFromFolder(path) : causalFromLlama2c(await openLlama2c(path));
};
