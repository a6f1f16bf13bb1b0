import { z } from 'zod';
import { abs, add, ConfigError, mul, type Node, nameOf, putAlong, softmax, topK } from '../../core/index.ts';
import { besideLinears, expertBranch, type Gate } from '../../nn/index.ts';
import type { Method } from '../method.ts';
import { optionsOf } from '../options.ts';
import { parametersNamed } from '../own-values.ts';
import { strongestInput } from './strongest-input.ts';

const schema = z.strictObject({
  /** Names of the adapters, in order. */
  adapters: z.array(z.string().min(1)).min(1).max(256),
  /** Of the widest adapter. */
  rank: z.number().int().min(1).max(1024),
  /** Linears that the adapters stand beside. */
  sites: z.array(z.string().min(1)).min(1),
  /** Adapters that serve a token, at most as many as there are. */
  topK: z.number().int().min(1).default(3),
  /** Scores are divided by it before their softmax: the higher, the evener. */
  temperature: z.number().positive().default(1),
});
export type ArrowOptions = z.input<typeof schema>;

/** A low-rank adapter that has been trained. */
export interface FinishedAdapter {
  readonly name: string;
  /** What its branches are scaled by, alpha / rank of a plain LoRA. */
  readonly scale: number;
  /** `SITE.lora.a` [rank, in] and `SITE.lora.b` [out, rank]. */
  readonly values: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;
}

const kind = 'arrow';

/**
 * Finished LoRA adapters, mixed token by token without training: at every linear those count whose strongest input direction (the first right singular vector of B A) what enters resembles most, whatever its sign: a softmax of
 * the `topK` largest |x · direction|. Parameters `SITE.arrow.a` and `.b`, all adapters' side by side, and `.route`, the directions.
 *
 * @param adapters  what `start` takes the values from; not needed where they are read from a file
 * @throws ConfigError where adapters are not those of the options
 * Source: arXiv:2405.11157.
 */
export const arrow = (given: ArrowOptions, adapters: readonly FinishedAdapter[] = []): Method & { readonly options: z.output<typeof schema> } => {
  const options = optionsOf(kind, schema, given);
  const { rank, sites, topK: most, temperature, adapters: names } = options;
  if (adapters.length > 0 && adapters.map(({ name }) => name).join('\n') !== names.join('\n'))
    throw new ConfigError(`${kind}: expected adapters ${names.join(', ')}, got ${adapters.map(({ name }) => name).join(', ')}; give them in that order`);
  const experts = names.length;
  const gate = (scores: Node): Gate => {
    const shares = nearest(scores, Math.min(most, experts), temperature);
    return { shares, weights: shares };
  };
  return {
    kind,
    options,
    apply(roots) {
      const shares = new Map<string, Node>();
      const targets = new RegExp(`^(?:${sites.map((site) => site.replaceAll('.', '\\.')).join('|')})$`);
      const adapted = besideLinears(kind, roots, targets, (linear) => {
        const made = expertBranch(kind, linear, { experts, rank, alpha: rank, gate });
        shares.set(linear.site, made.shares);
        return add(linear.base, made.branch);
      });
      const missing = sites.filter((site) => !shares.has(site));
      if (missing.length > 0) throw new ConfigError(`${kind}: expected linears at ${missing.join(', ')}, got none there; the adapters are of another model`);
      return { roots: adapted, parameters: parametersNamed(adapted, /\.arrow\.(a|b|route)$/), shares };
    },
    async start(node) {
      if (adapters.length === 0)
        throw new ConfigError(`${kind}: expected the adapters ${names.join(', ')}, got none; give them, or read the values from a file`);
      const [, site, part] = /^(.*)\.arrow\.(\w+)$/.exec(nameOf(node))!;
      const each = adapters.map(({ name, scale, values }) => partsOf(name, scale, values, site!));
      if (part === 'a') return oneAfterAnother(each.map(({ a, inner }) => padded(a, rank * inner)));
      if (part === 'route') return oneAfterAnother(each.map(({ a, b, rank: own }) => strongestInput(a, b, own)));
      return sideBySide(each, rank);
    },
    unmergeable: 'which adapters count depends on what enters the linear, and no weight can do that',
    untrainable: 'it mixes adapters that are finished',
  };
};

/**
 * `arrow` for adapters of one model, of any ranks and scales.
 *
 * @throws ConfigError where there is none, two have one name, or they stand beside different linears
 */
export const arrowOf = (adapters: readonly FinishedAdapter[], options: Pick<ArrowOptions, 'topK' | 'temperature'> = {}): ReturnType<typeof arrow> => {
  const names = adapters.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (adapters.length === 0 || twice !== undefined)
    throw new ConfigError(`${kind}: expected adapters of different names, got ${twice === undefined ? 'none' : `${twice} twice`}; name each`);
  const sitesOf = ({ values }: FinishedAdapter): string[] =>
    [...values.keys()].flatMap((name) => (name.endsWith('.lora.a') ? [name.slice(0, -'.lora.a'.length)] : [])).sort();
  const sites = sitesOf(adapters[0]!);
  const odd = adapters.find((adapter) => sitesOf(adapter).join() !== sites.join());
  if (odd)
    throw new ConfigError(
      `${kind}: expected adapters beside the same linears, got ${odd.name} beside ${sitesOf(odd).length} and ${names[0]} beside ${sites.length} or others; mix adapters of one recipe`,
    );
  const rank = Math.max(...adapters.flatMap(({ values }) => sites.map((site) => values.get(`${site}.lora.a`)!.shape[0]!)));
  return arrow({ ...options, adapters: names, rank, sites }, adapters);
};

/** A softmax of the k largest |scores|, where they were; 0 elsewhere. */
const nearest = (scores: Node, k: number, temperature: number): Node => {
  const likeness = abs(scores);
  const { values, indices } = topK(likeness, k);
  return putAlong(indices, softmax(mul(values, 1 / temperature)), -1, scores.shape.at(-1)!);
};

interface Parts {
  /** [rank, inner] */
  readonly a: Float32Array;
  /** [out, rank], scaled. */
  readonly b: Float32Array;
  readonly rank: number;
  readonly inner: number;
}

const partsOf = (name: string, scale: number, values: FinishedAdapter['values'], site: string): Parts => {
  const [a, b] = ['a', 'b'].map((part) => values.get(`${site}.lora.${part}`));
  if (!a || !b)
    throw new ConfigError(
      `${kind}: expected lora.a and lora.b of ${name} at ${site}, got ${a || b ? 'one' : 'none'} of them; the adapter's file is a part of one`,
    );
  return { a: a.data, b: b.data.map((value) => value * scale), rank: a.shape[0]!, inner: a.shape[1]! };
};

const padded = (values: Float32Array, length: number): Float32Array => {
  const whole = new Float32Array(length);
  whole.set(values);
  return whole;
};

const oneAfterAnother = (parts: readonly Float32Array[]): Float32Array => {
  const whole = new Float32Array(parts.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

/** Columns of all B next to each other, [out, experts · rank], zeros where an adapter is narrower. */
const sideBySide = (each: readonly Parts[], rank: number): Float32Array => {
  const out = each[0]!.b.length / each[0]!.rank;
  const width = each.length * rank;
  const whole = new Float32Array(out * width);
  for (const [n, { b, rank: own }] of each.entries()) for (let o = 0; o < out; o++) whole.set(b.subarray(o * own, (o + 1) * own), o * width + n * rank);
  return whole;
};
