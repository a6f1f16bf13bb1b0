// The one file that speaks to onnxruntime. `create` and `run` block the thread they are called on.
import ort from 'onnxruntime-node';
import type { Dtype } from '../core/index.ts';
import { type FileWeight, readWeights } from './binding.ts';
import { EngineError } from './errors.ts';
import { completed, sequenceOutput } from './onnx.ts';
import { lengthOfShape, type TensorArray, type TensorData } from './tensor.ts';

export type Device = 'cpu' | 'webgpu';

export interface SessionSettings {
  readonly device: Device;
  readonly threads: number;
  /** Keep freed memory for the next run: faster when lengths repeat, but peaks stay. Off, every tensor is returned when its last reader is done. */
  readonly arena: boolean;
  /** Copy weights of matrix products into the layout the kernels like best. */
  readonly prepack: boolean;
  /** Record what ran where, into a file whose path begins so; see `endProfiling`. */
  readonly profile?: string;
}

export interface SessionRequest {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly folder: string | undefined;
  readonly read: readonly FileWeight[];
  readonly settings: SessionSettings;
}

export interface Session {
  readonly createMs: number;
  /** Outputs that `write` can write: with an arena, those whose shape is known before. */
  readonly fixed: ReadonlyMap<string, Pick<TensorData, 'dtype' | 'shape'>>;
  run(feeds: Readonly<Record<string, TensorData>>, fetch: readonly string[]): Promise<Record<string, TensorData>>;
  /** Writes outputs into these tensors' arrays. */
  write(feeds: Readonly<Record<string, TensorData>>, into: Readonly<Record<string, TensorData>>): Promise<void>;
  release(): Promise<void>;
  /** Completes the file of a profile. */
  endProfiling(): void;
}

/** Makes a session. @throws EngineError with onnxruntime's own words */
export async function createSession({ name, bytes, folder, read, settings }: SessionRequest): Promise<Session> {
  const start = performance.now();
  // Arrays for what is computed last lie there from the first: only where memory is kept for the next run anyway.
  const writes = settings.device === 'cpu' && settings.arena;
  const model = completed(bytes, await readWeights(read), { sequence: writes });
  const session = await ort.InferenceSession.create(model, sessionOptions(settings, folder)).catch((error: unknown) => {
    throw new EngineError(`compile ${name}: onnxruntime refused the model: ${wordsOf(error)}`);
  });
  const createMs = performance.now() - start;
  const allToOrt = (tensors: Readonly<Record<string, TensorData>>): Record<string, ort.Tensor> => {
    const all: Record<string, ort.Tensor> = {};
    for (const key in tensors) all[key] = toOrt(tensors[key]!);
    return all;
  };
  const failed = (error: unknown): never => {
    throw new EngineError(`run ${name}: onnxruntime failed: ${wordsOf(error)}`);
  };
  return {
    createMs,
    fixed: new Map(writes ? session.outputMetadata.flatMap(fixedOutput) : []),
    async run(feeds, fetch) {
      const results = await session.run(allToOrt(feeds), [...fetch]).catch(failed);
      return Object.fromEntries(fetch.map((key) => [key, fromOrt(results[key] as ort.Tensor)]));
    },
    // When all is computed, the addon copies every output into a fresh array, in order, outputs written into a given array too: of 3 × 52 MB that is 95 ms, a
    // fifth of a training step. It stops at the first it has no JavaScript value for, a sequence, which therefore comes first. Should it ever take one, or copy no
    // more, nothing here changes: the arrays given have the results either way.
    async write(feeds, into) {
      await session.run(allToOrt(feeds), { [sequenceOutput]: null, ...allToOrt(into) }).catch((error: unknown) => {
        if (!/^Non tensor type/.test(wordsOf(error))) failed(error);
      });
    },
    release: () => session.release(),
    endProfiling: () => session.endProfiling(),
  };
}

export function sessionOptions({ device, threads, arena, prepack, profile }: SessionSettings, folder: string | undefined): ort.InferenceSession.SessionOptions {
  return {
    // Graph passes would undo recomputation and change the order; fusions are made by our ops. The environment of CPU kernels is the same at every level.
    graphOptimizationLevel: 'disabled',
    executionMode: 'sequential',
    executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    enableCpuMemArena: arena,
    enableMemPattern: false,
    logSeverityLevel: 3,
    ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
    extra: {
      session: {
        disable_prepacking: prepack ? '0' : '1',
        intra_op: { spin_duration_us: '3000' }, // from one run to the next that follows at once threads wait awake; an idle session burns no core
        set_denormal_as_zero: '1', // softmax leaves e⁻⁸⁸ where a key is masked, and arithmetic on such numbers takes many times as long
        ...(folder === undefined ? {} : { model_external_initializers_file_folder_path: folder }),
      },
    },
  };
}

/** An output that is a tensor of known, positive length. */
function fixedOutput(output: ort.InferenceSession.ValueMetadata): [string, Pick<TensorData, 'dtype' | 'shape'>][] {
  if (!output.isTensor) return [];
  const shape = output.shape.filter((axis) => typeof axis === 'number');
  return shape.length < output.shape.length || lengthOfShape(shape) === 0 ? [] : [[output.name, { dtype: output.type as Dtype, shape }]];
}

// A tensor that comes again, a cache's for every token, is made once.
const known = new WeakMap<TensorData, ort.Tensor>();

function toOrt(tensor: TensorData): ort.Tensor {
  const before = known.get(tensor);
  if (before) return before;
  const made = ortTensor(tensor);
  known.set(tensor, made);
  return made;
}

function ortTensor({ dtype, shape, data }: TensorData): ort.Tensor {
  const dims = [...shape];
  if (dtype === 'float16') {
    // The native side reads bits from a Uint16Array and finds nothing in a Float16Array, which is what the class turns them into.
    const half = new ort.Tensor('float16', new Float16Array(data.length) as never, dims);
    return Object.defineProperty(half, 'cpuData', { value: data });
  }
  return new ort.Tensor(dtype, data as never, dims);
}

function fromOrt(tensor: ort.Tensor): TensorData {
  const data = tensor.data as unknown as TensorArray | Float16Array;
  return {
    dtype: tensor.type as Dtype,
    shape: tensor.dims,
    data: data instanceof Float16Array ? new Uint16Array(data.buffer, data.byteOffset, data.length) : data,
  };
}

// onnxruntime prefixes its messages with codes and source lines; the first line says what happened.
const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0]!.trim();

export const onnxruntimeVersion = (): string => ort.env.versions.node ?? ort.env.versions.common;
