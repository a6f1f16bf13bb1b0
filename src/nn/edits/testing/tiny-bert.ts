// The encoder of the golden test, as something to edit: its graph, its weights, one batch.
import { fileURLToPath } from 'node:url';
import { evaluate, input, isParameter, leavesOf, type Node, nameOf, type Tensor, tensor } from '../../../core/index.ts';
import { openSafetensors } from '../../../formats/index.ts';
import { type BertConfig, bert, bertConfig, bertWeightNames, locateWeights } from '../../../models/index.ts';
import { type Binding, type Engine, numbersOf, type TensorData, tensorOf } from '../../../runtime/index.ts';

export interface TinyBert {
  readonly config: BertConfig;
  readonly hidden: Node;
  readonly parameters: readonly Node[];
  /** Weights and the inputs `ids` and `mask`, by name. */
  readonly values: ReadonlyMap<string, Tensor>;
}

export const tinyBert = async (): Promise<TinyBert> => {
  const file = await openSafetensors(fileURLToPath(new URL('../../../models/fixtures/bert-tiny.safetensors', import.meta.url)));
  const config = bertConfig(JSON.parse(file.metadata.config!));
  const { hidden, parameters } = bert(config, { ids: input('ids', ['batch', 'seq'], 'int64'), mask: input('mask', ['batch', 'seq'], 'bool') });
  const read = async (name: string): Promise<Tensor> => {
    const { shape, data } = await file.read(name);
    return tensor(shape, Array.from(data as ArrayLike<number | bigint>, Number));
  };
  const values = new Map<string, Tensor>();
  for (const [ours, theirs] of locateWeights(file, bertWeightNames(config), parameters)) values.set(ours, await read(theirs));
  return { config, hidden, parameters, values: values.set('ids', await read('input.ids')).set('mask', await read('input.mask')) };
};

/** Values by the reference evaluator. */
export const inTheory = (outputs: Readonly<Record<string, Node>>, values: ReadonlyMap<string, Tensor>): Record<string, Tensor> => {
  const names = Object.keys(outputs);
  const found = evaluate(Object.values(outputs), values);
  return Object.fromEntries(names.map((name, i) => [name, found[i]!]));
};

/** Values by the engine: parameters become constants, inputs are fed. */
export const inPractice = async (
  engine: Engine,
  outputs: Readonly<Record<string, Node>>,
  values: ReadonlyMap<string, Tensor>,
): Promise<Record<string, TensorData>> => {
  const { inputs, parameters } = leavesOf(Object.values(outputs));
  const given = (node: Node): TensorData => {
    const value = values.get(nameOf(node));
    if (!value) throw new Error(`no value for ${isParameter(node) ? 'parameter' : 'input'} ${nameOf(node)}`);
    return tensorOf(node.dtype, value.shape, value.data);
  };
  const bindings = new Map([...parameters.values()].map((node): [string, Binding] => [nameOf(node), { kind: 'constant', value: given(node) }]));
  await using program = await engine.compile({ name: 'edited', outputs }, bindings);
  return await program.run(Object.fromEntries([...inputs.values()].map((node) => [nameOf(node), given(node)])));
};

export const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let most = a.length === b.length ? 0 : Number.POSITIVE_INFINITY;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]! - b[i]!));
  return most;
};

export const numbers = (value: TensorData): Float64Array => numbersOf(value);
