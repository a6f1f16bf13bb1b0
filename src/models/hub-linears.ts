import { nameOf } from '../core/index.ts';
import type { Arrangement } from './arrange.ts';
import type { CausalSource } from './causal-source.ts';

/** A linear of a model, and the module that it is, or is a part of, in the reference implementation. */
export interface HubLinear {
  readonly site: string;
  /** Names of the module, the likelier first. */
  readonly modules: readonly string[];
  readonly inner: number;
  readonly out: number;
  /** Rows of the whole module, of which the site may be a part. */
  readonly rows: number;
  /** Where in them the rows of the site lie, where not in order from the first; with `take` the site is a part. */
  readonly rowsOf: Arrangement | undefined;
}

/** The linears of a model by the names that the reference implementation gives them: queries, keys and values may be parts of one. */
export const hubLinears = ({ parameters, member: { config, hub } }: CausalSource): Map<string, HubLinear[]> => {
  const found = new Map<string, HubLinear[]>();
  for (const node of parameters) {
    const name = nameOf(node);
    const table = name === 'embed.word.weight';
    if (!name.endsWith('.weight') || node.shape.length !== 2 || (/^embed\./.test(name) && !(table && config.tied))) continue;
    const site = table ? 'logits' : name.replace(/\.weight$/, '');
    const modules = hub.names.get(`${site}.weight`)!.map((theirs) => theirs.replace(/\.weight$/, ''));
    const [out, inner] = node.shape as readonly [number, number];
    const rowsOf = hub.arranged.get(`${site}.bias`);
    const linear = { site, modules, inner, out, rows: rowsOf?.stored[0] ?? out, rowsOf };
    found.set(modules[0]!, [...(found.get(modules[0]!) ?? []), linear]);
  }
  return found;
};

/** The arrangement of rows that have so many columns each, from that of rows of one value. */
export const withColumns = ({ stored, view, take, order }: Arrangement, columns: number): Arrangement => ({
  stored: [...stored, columns],
  view: [...view, columns],
  ...(take && { take }),
  ...(order && { order: [...order, order.length] }),
});
