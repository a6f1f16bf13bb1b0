import { add, ConfigError, gradients, input, leavesOf, mul, type Node, nameOf, square } from '../../core/index.ts';
import { type Binding, type Engine, type TensorData, tensorOf } from '../../runtime/index.ts';
import { fisherOf } from './ewc.ts';

export interface FisherOptions {
  readonly engine: Engine;
  readonly name: string;
  /** Scalar: −log-likelihood of the one sample that is fed. */
  readonly loss: Node;
  /** Whose information is wanted. */
  readonly parameters: readonly Node[];
  /** Their values, by name: where the information is taken. */
  readonly values: Readonly<Record<string, TensorData>>;
  /** Bindings of the other parameters. */
  readonly frozen: ReadonlyMap<string, Binding>;
  /** Feeds of a sample each. */
  readonly samples: Iterable<Readonly<Record<string, TensorData>>> | AsyncIterable<Readonly<Record<string, TensorData>>>;
  /** Typical lengths of the named axes. */
  readonly lengths?: Readonly<Record<string, number>>;
}

/**
 * The diagonal of the empirical Fisher information: the mean over samples of their squared gradients, one sample a run, since squares of a batch's gradient are not those of its samples. The sums stay with the engine.
 *
 * @returns by parameter name
 * @throws ConfigError without samples, or where a value is not finite
 */
export const fisherDiagonal = async ({
  engine,
  name,
  loss,
  parameters,
  values,
  frozen,
  samples,
  lengths,
}: FisherOptions): Promise<Map<string, Float32Array<ArrayBufferLike>>> => {
  const names = parameters.map(nameOf);
  const program = fisherProgram(name, loss, parameters);
  const read = leavesOf(Object.values(program.outputs)).parameters;
  const bindings = new Map<string, Binding>([...frozen, ...names.map((own): [string, Binding] => [own, { kind: 'trainable' }])]);
  await using executable = await engine.compile(program, new Map([...bindings].filter(([own]) => read.has(own))), { arena: true, ...(lengths && { lengths }) });
  const fed = new Set(executable.inputs.map((own) => own.name));

  const atOf = (own: string): string => `at:${fisherOf(own)}`;
  await engine.put(Object.fromEntries(names.flatMap((own) => (values[own] ? [[atOf(own), values[own]]] : []))));
  await engine.put(Object.fromEntries(parameters.map((node) => [fisherOf(nameOf(node)), zerosLike(node)])));
  const resident = Object.fromEntries(names.flatMap((own) => [...(fed.has(own) ? [[own, atOf(own)]] : []), [fisherOf(own), fisherOf(own)]]));
  const keep = Object.fromEntries(names.map((own) => [nextOf(own), fisherOf(own)]));
  let count = 0;
  try {
    for await (const sample of samples) {
      const given = Object.fromEntries(Object.entries(sample).filter(([own]) => fed.has(own)));
      await executable.run({ ...given, held: scalar(count / (count + 1)), share: scalar(1 / (count + 1)) }, { resident, keep });
      count++;
    }
    if (count === 0) throw new ConfigError(`${name}: expected at least one sample to estimate the Fisher information from, got none`);
    const found = await engine.get(names.map(fisherOf));
    return new Map(names.map((own) => [own, finite(name, own, found[fisherOf(own)]!.data as Float32Array)]));
  } finally {
    await engine.drop(names.flatMap((own) => [fisherOf(own), ...(values[own] ? [atOf(own)] : [])]));
  }
};

const nextOf = (name: string): string => `next:${fisherOf(name)}`;

/** F · held + g² · share, for every parameter. */
const fisherProgram = (name: string, loss: Node, parameters: readonly Node[]) => {
  const [held, share] = [input('held', []), input('share', [])];
  const slopes = gradients(loss, parameters);
  const outputs = parameters.map((node, i) => {
    const before = input(fisherOf(nameOf(node)), node.shape);
    return [nextOf(nameOf(node)), add(mul(before, held), mul(square(slopes[i]!), share))] as const;
  });
  return { name: `${name}/fisher`, outputs: Object.fromEntries(outputs) };
};

const finite = (where: string, name: string, values: Float32Array): Float32Array => {
  if (!values.every(Number.isFinite))
    throw new ConfigError(`${where}: expected finite Fisher information of ${name}, got NaN or an infinity; find the sample that causes it`);
  return values;
};

const scalar = (value: number): TensorData => tensorOf('float32', [], [value]);
const zerosLike = ({ shape }: Node): TensorData =>
  tensorOf('float32', shape as readonly number[], new Float32Array(shape.reduce<number>((a, b) => a * Number(b), 1)));
