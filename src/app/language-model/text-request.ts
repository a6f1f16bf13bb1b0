import type { ChatMessage } from '../../formats/index.ts';
import type { Candidate, Sampling, ToolCallRule } from '../../generate/index.ts';
import type { GuardPolicy } from '../../guard/index.ts';

/** What to continue, and how. Plain data: it may cross a process border. */
export interface TextRequest extends Sampling {
  /** A raw text, with what the model's own tokenizer adds; or token ids as they are. */
  readonly prompt?: string | readonly number[];
  /** A conversation, through the model's chat template. Either this or `prompt`. */
  readonly messages?: readonly ChatMessage[];
  /** With `messages`: tools the model may call, as JSON schemas, for a template that knows them. */
  readonly tools?: readonly object[];
  /** Default 256. */
  readonly maxTokens?: number;
  /** A JSON Schema: the answer is a JSON document that it allows. `true` allows any, `{ "type": "object" }` any object. */
  readonly schema?: unknown;
  /** How the answer calls functions, in blocks of `<tool_call>`; beside a schema it is either a document or calls. */
  readonly calls?: ToolCallRule;
  /** Texts that end the answer; they are not part of it. */
  readonly stop?: readonly string[];
  /** With a text as `prompt`: add what the tokenizer adds, its begin token for instance. Default true. */
  readonly special?: boolean;
  /**
   * Guess tokens from what the text repeats and check several at once, where that is expected to pay: the same tokens sooner, but where rounding decides, and how many are checked depends on the texts beside it.
   * Default: where no seed is given, so that a request with one has the same answer whatever else is asked.
   */
  readonly speculate?: boolean;
  /** What the model's guard does with this request, instead of its own policy; `off`: nothing. */
  readonly guard?: GuardPolicy | 'off';
  /** How many of the most probable tokens to name with each. */
  readonly candidates?: number;
}

/** What has come since the piece before. */
export interface TextPiece {
  /** Never half a character, never the beginning of a stop string. */
  readonly text: string;
  /** Those whose text begins in what was shown up to here: none that a stop string takes away, and the one that it cuts in the middle. */
  readonly tokens: readonly TextToken[];
}

export interface TextToken {
  readonly id: number;
  /** With `candidates` only, as all below. */
  readonly logprob?: number;
  /** What the token writes, perhaps half a character; of a special token its spelling. */
  readonly bytes?: Uint8Array;
  readonly candidates?: readonly TextCandidate[];
}

export interface TextCandidate extends Candidate {
  readonly bytes: Uint8Array;
}

export interface TextResult {
  readonly text: string;
  /** The generated tokens without the one that ended the answer. */
  readonly tokenIds: readonly number[];
  readonly finishReason: 'stop' | 'length';
  readonly usage: { readonly promptTokens: number; readonly cachedTokens: number; readonly completionTokens: number };
  /** Of a model with a guard. */
  readonly guard?: GuardVerdict;
}

/** What a guard made of a request. */
export interface GuardVerdict {
  /** Its documents carry what is not theirs, or the model's request is not what it is with trusted documents. */
  readonly flagged: boolean;
  /** Not answered for that reason. */
  readonly refused: boolean;
  /** 0 to 1; flagged from 0.5 on. */
  readonly score: number;
  /** Parts of the documents that the model did not read. */
  readonly withheld: readonly string[];
  /** Cosine distance of what the model holds at the last token from what it holds with trusted documents, where the guard looks. */
  readonly distance?: number;
}

export interface TextScore {
  /** Sum of `tokenLogprobs`, natural. */
  readonly logprob: number;
  readonly tokenLogprobs: readonly number[];
  readonly tokenIds: readonly number[];
}

/** How a model's products are computed: `f32`; `int8`, whole numbers, weights by channel and activations by row; `int4`, weights as the file keeps them in blocks, or in blocks of four bits. */
export type ModelWeights = 'auto' | 'f32' | 'int8' | 'int4';

export interface ModelInfo {
  readonly name: string;
  /** The model that carries the adapter of this name. */
  readonly base?: string;
  readonly family: string;
  readonly parameters: number;
  readonly layers: number;
  readonly hidden: number;
  readonly vocab: number;
  /** Most tokens of a text. */
  readonly context: number;
  readonly weights: Exclude<ModelWeights, 'auto'>;
  readonly hasChatTemplate: boolean;
  /** The chat template names tools. */
  readonly takesTools: boolean;
}

export interface ModelLoad {
  /** Texts that are computed now, and those that wait for a slot. */
  readonly active: number;
  readonly waiting: number;
  readonly cacheBytes: number;
  /** Resident memory of the process that holds the model. */
  readonly memoryBytes: number;
}
