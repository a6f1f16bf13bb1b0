import { gather, input, type Node, type Program, reshape, ShapeError, sizeOf } from '../core/index.ts';
import { capture, patch } from '../nn/index.ts';
import type { Executable, TensorData } from '../runtime/index.ts';

/** What a request does at the last token of its prompt, at the site that the generator was opened with. */
export interface LastToken {
  /** [hidden]: takes the place of what the model computes there; what is seen is what it computed. */
  readonly put?: Float32Array | undefined;
  /** Is told what the model computes there, [hidden], before the answer begins; false ends the answer before its first token. */
  readonly seen?: ((computed: Float32Array) => boolean | undefined) | undefined;
}

/** Name of the output of what a site computes at the rows asked for, [rows, hidden]. */
export const lastTokenOutput = 'lastToken';

/**
 * An edit of a step program: at one site other values can be put, token by token, and what the site computes is an output for the rows asked for.
 *
 * @param site  of [batch, seq, hidden], `blocks.N.resid.post` for instance
 * @throws NotFoundError for a site that is not there · ShapeError for one of another shape
 */
export const withLastToken = ({ name, outputs }: Program, site: string): Program => {
  const names = Object.keys(outputs);
  const { roots, inputs } = patch(Object.values(outputs), [site]);
  const [found] = inputs.keys();
  const computed = capture(roots, [`${found}.base`])[`${found}.base`]!;
  const hidden = computed.shape.at(-1);
  if (computed.shape.length !== 3 || typeof hidden !== 'number')
    throw new ShapeError(`generate: expected a site of [batch, seq, hidden] for what is done at a last token, got ${site} of [${computed.shape.join(', ')}]`);
  const flat = reshape(computed, [sizeOf(computed.shape.slice(0, 2)), hidden]);
  const kept = Object.fromEntries(names.map((key, i): [string, Node] => [key, roots[i]!]));
  return { name: `${name}/last-token`, outputs: { ...kept, [lastTokenOutput]: gather(flat, input('rows', ['rows'], 'int64')) } };
};

/**
 * Runs such a program with nothing put where a feed says nothing.
 *
 * @param step  a program of `withLastToken` for the site; any other comes back as it is
 */
export const fillingLastToken = (step: Executable, site: string): Executable => {
  const { name, where } = lastTokenInputs(site);
  const width = step.inputs.find((one) => one.name === name)?.shape.at(-1) as number | undefined;
  if (width === undefined) return step;
  return {
    ...step,
    get stats() {
      return step.stats;
    },
    run: (feeds, options) => {
      if (feeds[name]) return step.run(feeds, options);
      const [batch, seq] = feeds['ids']!.shape as [number, number];
      return step.run({ ...feeds, ...putFeeds({ name, where }, batch, seq, width) }, options);
    },
    [Symbol.asyncDispose]: () => step[Symbol.asyncDispose](),
  };
};

/** Feeds that put a vector at the last of the new tokens of one text. */
export const putAtLast = (site: string, seq: number, vector: Float32Array): Record<string, TensorData> => {
  const names = lastTokenInputs(site);
  const { name, where } = names;
  const feeds = putFeeds(names, 1, seq, vector.length);
  (feeds[name]!.data as Float32Array).set(vector, (seq - 1) * vector.length);
  (feeds[where]!.data as Uint8Array)[seq - 1] = 1;
  return feeds;
};

const lastTokenInputs = (site: string) => ({ name: `patch.${site}`, where: `patch.${site}.where` });

const putFeeds = ({ name, where }: ReturnType<typeof lastTokenInputs>, batch: number, seq: number, width: number): Record<string, TensorData> => ({
  [name]: { dtype: 'float32', shape: [batch, seq, width], data: new Float32Array(batch * seq * width) },
  [where]: { dtype: 'bool', shape: [batch, seq, 1], data: new Uint8Array(batch * seq) },
});
