import os from 'node:os';
import { type Axis, ConfigError, fused, lengthOf, NotFoundError, type Program, plan, ShapeError, sameShape, UnsupportedError } from '../core/index.ts';
import type { Binding } from './binding.ts';
import { type Cached, createCache } from './cache.ts';
import { CancelledError, EngineError } from './errors.ts';
import { createHost, type Host } from './host.ts';
import { lower } from './lower.ts';
import { describeMachine } from './machine.ts';
import type { OnnxValue } from './onnx.ts';
import { forkHost } from './process-host.ts';
import { type Device, onnxruntimeVersion } from './session.ts';
import { dtypes, lengthOfShape, type TensorData } from './tensor.ts';

export interface EngineOptions {
  /** Work in a process of its own, so that this thread never waits for a computation; false: here, blocking (scripts, tests). Default false. */
  readonly process?: boolean;
  /** Threads of a computation. Default: what the machine offers. */
  readonly threads?: number;
  /** Default 'cpu'. */
  readonly device?: Device;
  /** Cancels and closes the engine when aborted: calls then reject with CancelledError. */
  readonly signal?: AbortSignal;
  /** Sessions beyond this are released, least recently used first. Default: a quarter of the machine's memory. */
  readonly cacheBytes?: number;
  /**
   * What becomes of a buffer whose value is read no more. 'fast' (default): it waits for the next value of that shape, so the peak is above the plan's by about
   * one buffer of every shape. 'least': it is given back at once; in an engine process on Linux the peak is then the plan's within 25 %, and pointwise
   * work up to a quarter slower.
   */
  readonly memory?: 'fast' | 'least';
}

export interface CompileOptions {
  /**
   * Keep memory for the next run: what was freed, and for each tensor that a run replaces the array of the one before. Faster where many runs follow; the
   * peak stays occupied. Default false: memory follows the plan.
   */
  readonly arena?: boolean;
  /**
   * Keep the weights of matrix products in the kernels' own layout, a private copy: a row of a result then never depends on how many rows are computed
   * beside it. false: weights mapped from files stay there and cost no memory of ours, no slower, but a row keeps its bits only among two rows or more and
   * where a product's columns divided by the threads are more than 64. Default true.
   */
  readonly prepack?: boolean;
  /** Keep its session as long as it is used, also beside two others that hold the same weights: for programs that take turns. Default false. */
  readonly stays?: boolean;
  /** Typical lengths of the named axes: what the order of computation is planned for. It is right for any. */
  readonly lengths?: Readonly<Record<string, number>>;
}

export interface EngineInfo {
  readonly device: Device;
  readonly threads: number;
  readonly onnxruntime: string;
  readonly instructionSet: string;
  /** Process id of the engine process; undefined when it works in this one. */
  readonly pid: number | undefined;
}

export interface Engine extends AsyncDisposable {
  readonly info: EngineInfo;
  /** @throws ConfigError when a parameter is not bound, EngineError when onnxruntime refuses the model, UnsupportedError where the machine lacks the device */
  compile(program: Program, bindings: ReadonlyMap<string, Binding>, options?: CompileOptions): Promise<Executable>;
  /** Tensors that stay with the engine between calls. In one process they are shared, not copied: leave the arrays alone. */
  put(tensors: Readonly<Record<string, TensorData>>): Promise<void>;
  get(names: readonly string[]): Promise<Record<string, TensorData>>;
  drop(names: readonly string[]): Promise<void>;
  /** Asks the engine to stop between calls, and after 1.5 s kills its process. Calls that did not finish reject with CancelledError. */
  cancel(): Promise<void>;
  /** Programs that hold a session now, least recently used first. */
  sessions(): readonly { readonly name: string; readonly bytes: number; readonly createMs: number }[];
}

export interface RunOptions {
  /** Program input → name of a tensor the engine holds. */
  readonly resident?: Readonly<Record<string, string>>;
  /** Output → name to hold it under instead of returning it. */
  readonly keep?: Readonly<Record<string, string>>;
  /** Outputs to return; default: all that are not kept. */
  readonly fetch?: readonly string[];
  /** Outputs of a run before that nobody reads any more: where one fits, this run's may be written into its array. */
  readonly spare?: Readonly<Record<string, TensorData>>;
}

export interface Executable extends AsyncDisposable {
  readonly name: string;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Inputs whose arrays a run overwrites. */
  readonly overwritten: readonly string[];
  /** @throws ShapeError when a feed does not fit, CancelledError, EngineError */
  run(feeds: Readonly<Record<string, TensorData>>, options?: RunOptions): Promise<Record<string, TensorData>>;
  /** `createMs`: what making the latest session took; `created`: sessions made so far; bytes of weights mapped from files and held privately. */
  readonly stats: { readonly nodes: number; readonly createMs: number; readonly created: number; readonly mappedBytes: number; readonly privateBytes: number };
}

/**
 * Opens what runs programs. Close it with `await using` or its async dispose.
 *
 * @throws ConfigError for options out of range, EngineError when the engine process does not start
 */
export async function openEngine({
  process: apart = false,
  threads = os.availableParallelism(),
  device = 'cpu',
  signal,
  cacheBytes = os.totalmem() / 4,
  memory = 'fast',
}: EngineOptions = {}): Promise<Engine> {
  if (!Number.isInteger(threads) || threads < 1) throw new ConfigError(`engine: expected threads ≥ 1, got ${threads}`);
  signal?.throwIfAborted();
  const forked = apart ? await forkHost({ leastMemory: memory === 'least' }) : undefined;
  const host: Host = forked ?? createHost();
  const cache = createCache(host, cacheBytes);
  let closed: Error | undefined;
  const open = (): void => {
    if (closed) throw closed;
  };
  const close = async (reason: Error = new EngineError('engine: expected an open engine, got one that was closed; open another engine')): Promise<void> => {
    if (closed) return;
    closed = reason;
    signal?.removeEventListener('abort', abort);
    await host.close(reason);
  };
  // Whoever calls between the cancel and the end is cancelled too.
  const abort = (): void => void host.cancel().then(() => close(new CancelledError('engine: its work was cancelled; open another engine')));
  signal?.addEventListener('abort', abort, { once: true });

  return {
    info: { device, threads, onnxruntime: onnxruntimeVersion(), instructionSet: describeMachine().instructionSet, pid: forked?.pid },
    async compile(program, bindings, { arena = false, prepack = true, stays = false, lengths } = {}) {
      open();
      const graph = fused(program);
      const lowered = await lower(graph, bindings, plan(graph, lengths && { lengths }).order, { leastMemory: memory === 'least', device });
      open();
      if (Object.keys(lowered.overwritten).length > 0 && (apart || device !== 'cpu' || !arena))
        throw new UnsupportedError(
          `compile ${program.name}: expected an engine in this process, on the CPU and with an arena, for a program that overwrites its inputs, got ${apart ? 'one in a process of its own' : device !== 'cpu' ? device : 'no arena'}; compile it otherwise`,
        );
      return executable(cache, await cache.open(lowered, { device, threads, arena, prepack }, { stays }).catch(explain));
    },
    async put(tensors) {
      open();
      for (const [name, tensor] of Object.entries(tensors)) checkData(tensor, () => `put ${name}`);
      await host.put(tensors);
    },
    async get(names) {
      open();
      return host.get(names);
    },
    async drop(names) {
      open();
      await host.drop(names);
    },
    cancel: () => host.cancel(),
    sessions: cache.live,
    [Symbol.asyncDispose]: () => close(),
  };
}

function executable(cache: ReturnType<typeof createCache>, entry: Cached): Executable {
  const { name, inputs, outputs, overwritten, nodes, mappedBytes, privateBytes } = entry.lowered;
  const check = feedCheck(name, inputs);
  const places = Object.entries(overwritten);
  /** The arrays of overwritten inputs, and new ones for all else. */
  const written = (
    feeds: Readonly<Record<string, TensorData>>,
    lengths: ReadonlyMap<string, number>,
    spare: Readonly<Record<string, TensorData>>,
  ): Record<string, TensorData> => {
    const into: Record<string, TensorData> = {};
    for (const [output, input] of places) into[output] = feeds[input]!;
    for (const { name: output, dtype, shape: axes } of outputs) {
      const shape = axes.map((axis) => lengthOf(axis, lengths));
      const before = spare[output];
      into[output] = before?.dtype === dtype && sameShape(before.shape, shape) ? before : { dtype, shape, data: dtypes[dtype].make(lengthOfShape(shape)) };
    }
    return into;
  };
  let disposed = false;
  return {
    name,
    inputs,
    outputs,
    overwritten: [...new Set(Object.values(overwritten))],
    get stats() {
      return { nodes, createMs: entry.createMs, created: entry.created, mappedBytes, privateBytes };
    },
    async run(feeds, { resident = {}, keep = {}, fetch = outputs.map((output) => output.name).filter((output) => !(output in keep)), spare = {} } = {}) {
      if (disposed) throw new EngineError(`run ${name}: expected an executable in use, got one that was disposed; compile again`);
      const lengths = check(feeds, resident);
      for (const output of [...fetch, ...Object.keys(keep)])
        if (!outputs.some((own) => own.name === output))
          throw new NotFoundError(`run ${name}: expected one of the outputs ${outputs.map((own) => own.name).join(', ')}, got ${output}`);
      return cache.run(entry, { feeds, resident, keep, fetch, ...(places.length > 0 && { into: written(feeds, lengths, spare) }) });
    },
    async [Symbol.asyncDispose]() {
      if (disposed) return;
      disposed = true;
      cache.release(entry);
    },
  };
}

/** A machine without an adapter is no fault of the program's. */
function explain(error: unknown): never {
  const words = error instanceof Error ? /Failed to get a WebGPU adapter.*/.exec(error.message)?.[0] : undefined;
  if (words === undefined) throw error;
  throw new UnsupportedError(
    `engine: expected a graphics adapter that WebGPU can use, got none (${words}); compute on the CPU (--device cpu), or install a driver: \`lyceum doctor\` says whether it is found`,
  );
}

function checkData({ dtype, shape, data }: TensorData, where: () => string): void {
  if (data.length !== lengthOfShape(shape))
    throw new ShapeError(`${where()}: expected ${lengthOfShape(shape)} values for ${dtype} [${shape.join(', ')}], got ${data.length}`);
}

const bareName = /^[^\d*+-][^*+-]*$/;

/** Says whether feeds are those of a program; what it can it works out once, for there are programs of a thousand inputs that run for a few milliseconds. */
function feedCheck(program: string, inputs: readonly OnnxValue[]) {
  const names = new Set(inputs.map(({ name }) => name));
  const bare = new Set(inputs.flatMap(({ shape }) => shape.filter((axis): axis is string => typeof axis === 'string' && bareName.test(axis))));
  const told = ({ name, dtype, shape }: OnnxValue): string => `run ${program}: input ${name}: expected ${dtype} [${shape.join(', ')}]`;
  return (feeds: Readonly<Record<string, TensorData>>, resident: Readonly<Record<string, string>>): ReadonlyMap<string, number> => {
    for (const name of [...Object.keys(feeds), ...Object.keys(resident)])
      if (!names.has(name)) throw new NotFoundError(`run ${program}: expected one of the inputs ${[...names].join(', ')}, got ${name}`);
    const lengths = new Map<string, number>();
    for (const input of inputs) {
      const { name, dtype, shape } = input;
      if (name in resident) continue;
      const given = feeds[name];
      if (!given) throw new ShapeError(`${told(input)}, got nothing; feed it or name a resident tensor`);
      if (given.dtype !== dtype || given.shape.length !== shape.length) throw new ShapeError(`${told(input)}, got ${given.dtype} [${given.shape.join(', ')}]`);
      shape.forEach((axis, i) => {
        if (typeof axis === 'string' && bare.has(axis) && !lengths.has(axis)) lengths.set(axis, given.shape[i]!);
      });
      checkData(given, () => `run ${program}: input ${name}`);
    }
    for (const input of inputs) {
      const given = feeds[input.name];
      if (!given) continue;
      const fits = input.shape.every((axis, i) => {
        const length = typeof axis === 'string' ? lengths.get(axis) : axis;
        return length === given.shape[i] || (length === undefined && (!known(axis, lengths) || lengthOf(axis, lengths) === given.shape[i]));
      });
      if (!fits)
        throw new ShapeError(`${told(input)}, got [${given.shape.join(', ')}] where ${[...lengths].map(([axis, length]) => `${axis} = ${length}`).join(', ')}`);
    }
    return lengths;
  };
}

const known = (axis: Axis, lengths: ReadonlyMap<string, number>): boolean =>
  typeof axis === 'number' || axis.split(/[*+-]/).every((part) => part === '' || /^\d+$/.test(part) || lengths.has(part));
