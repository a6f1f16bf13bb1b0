import { ConfigError, leavesOf, type Node, nameOf, type Program } from '../core/index.ts';
import type { Binding, Engine, Executable, TensorData } from '../runtime/index.ts';
import { type AdamW, adamwFeeds, averageOf, averageProgram, gradientOf, momentOf, nextOf, type ParameterGroup, varianceOf } from './adamw.ts';
import { hashOf } from './hash.ts';
import { accumulateProgram, applyProgram, type Objective, stepProgram } from './programs.ts';

type Feeds = Readonly<Record<string, TensorData>>;

export interface ProgramOptions {
  readonly engine: Engine;
  readonly name: string;
  readonly objective: Objective;
  readonly groups: readonly ParameterGroup[];
  readonly adamw: AdamW;
  /** Bindings of the parameters that are in no group. */
  readonly frozen: ReadonlyMap<string, Binding>;
  readonly averaging: boolean;
  readonly accumulate: boolean;
  readonly seed: number;
  readonly lengths: Readonly<Record<string, number>> | undefined;
  readonly prepack: boolean;
}

export interface Programs extends AsyncDisposable {
  step(feeds: readonly Feeds[], step: number, factor: number): Promise<Record<string, number>>;
  average(share: number): Promise<void>;
}

/** The programs of a run, bound to the tensors that the engine holds. */
export const compilePrograms = async ({
  engine,
  name,
  objective,
  groups,
  adamw,
  frozen,
  averaging: averaged,
  accumulate,
  seed,
  lengths,
  prepack,
}: ProgramOptions): Promise<Programs> => {
  const trained = groups.flatMap(({ parameters }) => parameters);
  const names = trained.map(nameOf);
  const bindings = new Map<string, Binding>([...frozen, ...names.map((weight): [string, Binding] => [weight, { kind: 'trainable' }])]);
  const settings = { arena: true, prepack, ...(lengths && { lengths }) };

  const open: Executable[] = [];
  const make = async (program: Program): Promise<Executable> => {
    const { parameters } = leavesOf(Object.values(program.outputs));
    const executable = await engine.compile(program, new Map([...bindings].filter(([weight]) => parameters.has(weight))), settings);
    open.push(executable);
    return executable;
  };
  const one = accumulate ? undefined : await make(stepProgram(name, objective, groups, adamw));
  const adding = accumulate ? await make(accumulateProgram(name, objective, groups)) : undefined;
  const applying = accumulate ? await make(applyProgram(name, groups, adamw)) : undefined;
  const averaging = averaged ? await make(averageProgram(`${name}/average`, trained)) : undefined;
  if (accumulate) await engine.put(Object.fromEntries(trained.map((node) => [gradientOf(nameOf(node)), zerosLike(node)])));

  const moments = names.flatMap((weight) => [momentOf(weight), varianceOf(weight)]);
  const gradients = names.map(gradientOf);
  const averages = names.map(averageOf);
  const own = (list: readonly string[]) => Object.fromEntries(list.map((tensor) => [tensor, tensor]));
  const taken = (list: readonly string[]) => Object.fromEntries(list.map((tensor) => [nextOf(tensor), tensor]));
  const updated = [...names, ...moments];

  return {
    async step(micro, step, factor) {
      const scalars = scalarFeeds(adamwFeeds(groups, adamw, step, factor));
      const keyed = micro.map((feeds, i) => ({ ...feeds, key: key(hashOf(seed, step, i)) }));
      if (one && keyed.length > 1)
        throw new ConfigError(`train ${name}: expected one micro-batch a step, got ${keyed.length}; say that gradients are accumulated`);
      if (one) return numbers(await one.run(readBy(one, { ...keyed[0]!, ...scalars }), { resident: own(updated), keep: taken(updated) }));
      const sums: Record<string, number> = {};
      for (const [i, feeds] of keyed.entries()) {
        const held = scalarFeeds({ held: i === 0 ? 0 : 1 });
        const values = numbers(await adding!.run(readBy(adding!, { ...feeds, ...held }), { resident: own([...names, ...gradients]), keep: taken(gradients) }));
        for (const [metric, value] of Object.entries(values)) sums[metric] = (sums[metric] ?? 0) + value;
      }
      return { ...sums, ...numbers(await applying!.run(readBy(applying!, scalars), { resident: own([...updated, ...gradients]), keep: taken(updated) })) };
    },
    async average(share) {
      await averaging?.run(scalarFeeds({ share }), { resident: own([...names, ...averages]), keep: taken(averages) });
    },
    async [Symbol.asyncDispose]() {
      for (const executable of open) await executable[Symbol.asyncDispose]();
    },
  };
};

/** The feeds that a program reads: an objective that leaves a task out, or drops nothing, needs fewer. */
export const readBy = ({ inputs }: Executable, feeds: Feeds): Feeds =>
  Object.fromEntries(inputs.flatMap(({ name }) => (feeds[name] ? [[name, feeds[name]]] : [])));

const zerosLike = (node: Node): TensorData => {
  const shape = node.shape as readonly number[];
  return { dtype: 'float32', shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) };
};

const key = (value: number): TensorData => ({ dtype: 'uint32', shape: [1], data: Uint32Array.of(value) });
const scalarFeeds = (values: Readonly<Record<string, number>>): Record<string, TensorData> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { dtype: 'float32', shape: [], data: Float32Array.of(value) }]));
const numbers = (results: Readonly<Record<string, TensorData>>): Record<string, number> =>
  Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, Number(data[0])]));
