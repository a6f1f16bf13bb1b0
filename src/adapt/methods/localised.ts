import { z } from 'zod';
import { ConfigError, edit, inOrder, isParameter, type Node, nameOf } from '../../core/index.ts';
import { blockOf } from '../../nn/index.ts';
import type { Method, ReadBase } from '../method.ts';
import { optionsOf } from '../options.ts';

const schema = z
  .strictObject({
    /** Numbers of the blocks that are changed; what lies outside blocks then stays as it is. */
    blocks: z.array(z.number().int().min(0)).min(1).optional(),
    /** A regular expression on names of parameters, `\.mlp\.down\.`: those that match are trained. */
    parameters: z.string().min(1).refine(compiles, 'expected a regular expression').optional(),
  })
  .refine(({ blocks, parameters }) => blocks !== undefined || parameters !== undefined, 'expected blocks, parameters or both');
export type LocalisedOptions = z.input<typeof schema>;

const kind = 'localised';

/**
 * A method kept to a part of the model. In other blocks it finds no linears and adds nothing; of what it would train only the parameters that match are trained. A weight of the base that is left out stays frozen.
 *
 * @throws ConfigError where nothing is left, or where something that the method itself adds would be left untrained: choose by blocks, or by the method's own targets
 */
export const localised = (method: Method, given: LocalisedOptions): Method => {
  const options = optionsOf(kind, schema, given);
  const { blocks } = options;
  const pattern = options.parameters === undefined ? undefined : new RegExp(options.parameters);
  const within = (name: string): boolean => !blocks || blocks.includes(blockOf(name) ?? -1);
  const chosen = (name: string): boolean => within(name) && (pattern?.test(name) ?? true);
  const { merge, settle } = method;
  const shown = (roots: readonly Node[]) => (blocks ? concealed(roots, (site) => blockOf(site) !== undefined && !within(site)) : { roots, restore: same });
  return {
    ...method,
    kind,
    options: { ...options, method: method.kind, of: method.options },
    apply(roots, context) {
      const own = shown(roots);
      const adapted = method.apply(own.roots, context);
      const parameters = adapted.parameters.filter((node) => chosen(nameOf(node)));
      const known = new Set(inOrder(roots).filter(isParameter).map(nameOf));
      const idle = adapted.parameters.find((node) => !chosen(nameOf(node)) && !known.has(nameOf(node)));
      if (idle)
        throw new ConfigError(
          `${kind}: expected all that ${method.kind} adds to be trained, got ${nameOf(idle)} left out; choose by blocks, or by its targets`,
        );
      if (parameters.length === 0)
        throw new ConfigError(`${kind}: expected parameters of ${method.kind} to train, got none that match; see the names of the model`);
      const restored = own.restore([...adapted.roots, ...adapted.shares.values()]);
      const sites = [...adapted.shares.keys()];
      return {
        roots: restored.slice(0, adapted.roots.length),
        parameters,
        shares: new Map(sites.map((site, i) => [site, restored[adapted.roots.length + i]!])),
      };
    },
    ...(settle && {
      settle: async (own: ReadonlyMap<string, Float32Array>, base: ReadBase) => {
        const settled = await settle(own, base);
        const apply = (roots: readonly Node[]): Node[] => {
          const part = shown(roots);
          return part.restore(settled.apply(part.roots));
        };
        return { ...settled, apply };
      },
    }),
    ...(merge && { merge: (site: string, weight: Float32Array, own: ReadonlyMap<string, Float32Array>) => (within(site) ? merge(site, weight, own) : weight) }),
  };
};

// No pattern of sites begins so.
const hidden = 'elsewhere:';

const same = (roots: readonly Node[]): Node[] => [...roots];

/** A graph with some sites under names that nobody looks for, and the way back, on which what was not changed meanwhile becomes the very nodes it was. */
const concealed = (roots: readonly Node[], conceal: (site: string) => boolean): { roots: Node[]; restore: (edited: readonly Node[]) => Node[] } => {
  const before = new Map<Node, Node>();
  const shown = edit(roots, (node, original) => {
    const made = node.site !== undefined && conceal(node.site) ? { ...node, site: `${hidden}${node.site}` } : node;
    before.set(made, original);
    return made;
  });
  const restore = (edited: readonly Node[]): Node[] =>
    edit(edited, (node, made) => {
      const original = before.get(made);
      if (original?.inputs.every((from, i) => from === node.inputs[i])) return original;
      return node.site?.startsWith(hidden) ? { ...node, site: node.site.slice(hidden.length) } : node;
    });
  return { roots: shown, restore };
};

function compiles(pattern: string): boolean {
  try {
    return new RegExp(pattern) !== undefined;
  } catch {
    return false;
  }
}
