import { elements, nameOf, UnsupportedError } from '../core/index.ts';
import type { Adapter } from './adapter.ts';
import { putBack } from './arrange.ts';
import type { CausalSource } from './causal-source.ts';

/** A tensor of weights as Hugging Face files have it. */
export interface HubTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** What the model's own file keeps it as. */
  readonly stored: string;
  /** Its values, float32. */
  read(): Promise<Float32Array>;
}

/** All weights of a model under the names, and in the arrangement, of a Hugging Face folder, whatever file they come from. */
export const hubTensors = (source: CausalSource): HubTensor[] => {
  const { hub } = source.member;
  const byTensor = Map.groupBy(source.parameters, (node) => hub.names.get(nameOf(node))![0]!);
  return [...byTensor].map(([name, nodes]) => {
    const first = nodes[0]!;
    const shape = hub.arranged.get(nameOf(first))?.stored ?? (first.shape as readonly number[]);
    return {
      name,
      shape,
      stored: source.stored(nameOf(first)),
      async read() {
        const whole = new Float32Array(elements(shape));
        for (const node of nodes) {
          const values = await source.values(nameOf(node));
          const how = hub.arranged.get(nameOf(node));
          if (how) putBack(values, how, whole);
          else whole.set(values);
        }
        // The norms of such models are all that has one axis.
        return hub.normShift !== 0 && shape.length === 1 ? whole.map((value) => value + hub.normShift) : whole;
      },
    };
  });
};

/** A model with an adapter in its weights. @throws UnsupportedError where no weights can hold it */
export const mergedSource = (source: CausalSource, adapter: Adapter): CausalSource => {
  const { changes, unmergeable } = adapter;
  if (unmergeable !== undefined)
    throw new UnsupportedError(
      `adapter ${adapter.folder}: expected one that weights can hold, got one that they cannot: ${unmergeable}; keep the adapter apart, as ONNX does too`,
    );
  return {
    ...source,
    files: [...source.files, ...adapter.files],
    frozen: (parameter) => (changes.has(parameter) ? undefined : source.frozen(parameter)),
    values: async (parameter) => adapter.merge(parameter, await source.values(parameter)),
    stored: (parameter) => (changes.has(parameter) ? 'F32' : source.stored(parameter)),
    packedForm: (parameter) => (changes.has(parameter) ? undefined : source.packedForm(parameter)),
  };
};
