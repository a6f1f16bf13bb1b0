// Where the parameters of an adapter lie in its file: under the names, and with the rows in the order, of the reference implementation of the model.
import { elements, type Node, nameOf } from '../../core/index.ts';
import { type CausalSource, type HubLinear, hubLinears } from '../../models/index.ts';
import { modelTensors } from './model-tensors.ts';
import { blockPart, rowsFrom, rowsInModule, type TensorPlace } from './tensor-part.ts';

/** A module of the reference implementation, and the linears of it that are adapted: one, but for queries, keys and values in one. */
export interface AdaptedModule {
  readonly module: string;
  readonly linears: readonly HubLinear[];
}

/** Parameters beside a linear, `SITE.BRANCH.ROLE`. Rows of `out` are outputs of the linear; factors are one axis, of its outputs or of its inputs. */
const roles: Readonly<Record<string, { readonly tensor: string; readonly rows: 'out' | 'own' }>> = {
  a: { tensor: 'lora_A.weight', rows: 'own' },
  b: { tensor: 'lora_B.weight', rows: 'out' },
  route: { tensor: 'lora_route.weight', rows: 'own' },
  magnitude: { tensor: 'lora_magnitude_vector', rows: 'out' },
  factors: { tensor: 'ia3_l', rows: 'out' },
};

/** The site that a parameter stands beside, and what it is there; undefined for one of another name. */
export const besideWhat = (parameter: string): { readonly site: string; readonly role: string } | undefined => {
  const [, site, role] = /^(.+)\.\w+\.(a|b|route|magnitude|factors)$/.exec(parameter) ?? [];
  return site === undefined ? undefined : { site, role: role! };
};

/** The modules whose linears the parameters stand beside. */
export const adaptedModulesOf = (source: CausalSource, parameters: readonly Node[]): AdaptedModule[] => {
  const sites = new Set(parameters.map((node) => besideWhat(nameOf(node))?.site));
  return [...hubLinears(source)].flatMap(([module, all]) => {
    const linears = all.filter(({ site }) => sites.has(site));
    return linears.length === 0 ? [] : [{ module, linears }];
  });
};

/**
 * All tensors of an adapter's file.
 *
 * @param parameters  those that its method has on this model
 * @param by          `module`: what stands beside linears of one module becomes one, as PEFT has it: rank above rank, and zero where one's branch meets the other's rows. `linear`: each stays itself.
 * @param enters      whether factors at a site are of what enters it
 */
export const tensorPlaces = (
  source: CausalSource,
  parameters: readonly Node[],
  { by, enters }: { readonly by: 'module' | 'linear'; readonly enters: (site: string) => boolean },
): TensorPlace[] => {
  const left = new Map(parameters.map((node) => [nameOf(node), node]));
  const places: TensorPlace[] = [];
  for (const { module, linears } of adaptedModulesOf(source, parameters)) {
    const apart = by === 'linear' && linears.some(({ rowsOf }) => rowsOf?.take);
    for (const group of apart ? linears.map((linear) => [linear]) : [linears])
      for (const [role, { tensor, rows }] of Object.entries(roles)) {
        const own = group.flatMap((linear): Own[] => {
          const node = parameters.find((one) => is(one, linear.site, role));
          return node ? [{ node, linear }] : [];
        });
        if (own.length === 0) continue;
        for (const { node } of own) left.delete(nameOf(node));
        const name = `base_model.model.${module}.${apart ? `${group[0]!.site.split('.').at(-1)}.` : ''}${tensor}`;
        if (role === 'factors') places.push(factors(name, own, { apart, enters }));
        else places.push(rows === 'own' ? stacked(name, own) : sideBySide(name, own, apart, restOf(source, role, module)));
      }
  }
  for (const place of modelTensors(source, [...left.values()])) {
    for (const { parameter } of place.parts) left.delete(parameter);
    places.push(place);
  }
  return [...places, ...[...left.values()].map((node) => wholeTensor(`base_model.${nameOf(node)}`, node))];
};

const is = (node: Node, site: string, role: string): boolean => {
  const found = besideWhat(nameOf(node));
  return found?.site === site && found.role === role;
};

interface Own {
  readonly node: Node;
  readonly linear: HubLinear;
}
const columnsOf = ({ node }: Own): number => (node.shape[1] as number | undefined) ?? 1;
const zeros = (shape: readonly number[]) => async (): Promise<Float32Array> => new Float32Array(elements(shape));

/** Rows of one after rows of another. */
const stacked = (name: string, own: readonly Own[]): TensorPlace => {
  const width = columnsOf(own[0]!);
  let first = 0;
  const parts = own.map(({ node }) => {
    const rows = rowsFrom(first, node.shape[0] as number);
    first += rows.length;
    return blockPart(node, rows, { column: 0, width });
  });
  const shape = [first, ...(own[0]!.node.shape.slice(1) as number[])];
  return { name, shape, parts, rest: zeros(shape) };
};

/** Each in the rows of its linear and, where they have columns, in columns of its own. */
const sideBySide = (name: string, own: readonly Own[], apart: boolean, rest: TensorPlace['rest'] | undefined): TensorPlace => {
  const vectors = own[0]!.node.shape.length === 1;
  const width = vectors ? 1 : own.reduce((sum, each) => sum + columnsOf(each), 0);
  let next = 0;
  const parts = own.map((each) => {
    const column = next;
    if (!vectors) next += columnsOf(each);
    return blockPart(each.node, apart ? rowsFrom(0, each.linear.out) : rowsInModule(each.linear), { column, width });
  });
  const { out, rows } = own[0]!.linear;
  const shape = [apart ? out : rows, ...(vectors ? [] : [width])];
  return { name, shape, parts, rest: rest ?? zeros(shape) };
};

/** Factors of outputs as a column, [rows, 1], 1 where nothing is said; those of inputs as a row, [1, in]. */
const factors = (
  name: string,
  own: readonly Own[],
  { apart, enters }: { readonly apart: boolean; readonly enters: (site: string) => boolean },
): TensorPlace => {
  const { site, inner, out, rows } = own[0]!.linear;
  if (enters(site)) return { ...stacked(name, own), shape: [1, inner] };
  const count = apart ? out : rows;
  return { ...sideBySide(name, own, apart, async () => new Float32Array(count).fill(1)), shape: [count, 1] };
};

/** What a tensor of a whole module says of those of its linears that are not adapted: nothing, but for lengths of rows. */
const restOf = (source: CausalSource, role: string, module: string): TensorPlace['rest'] | undefined => {
  if (role !== 'magnitude') return undefined;
  return async () => {
    const linears = hubLinears(source).get(module)!;
    const whole = new Float32Array(linears[0]!.rows);
    for (const linear of linears) {
      const weight = await source.values(`${linear.site}.weight`);
      for (const [row, at] of rowsInModule(linear).entries())
        whole[at] = Math.sqrt(weight.subarray(row * linear.inner, (row + 1) * linear.inner).reduce((sum, value) => sum + value * value, 0));
    }
    return whole;
  };
};

/** A parameter that is a tensor of its own. @param scale  what its values are multiplied by in the file */
export const wholeTensor = (name: string, node: Node, scale = 1): TensorPlace => {
  const shape = node.shape as readonly number[];
  return {
    name,
    shape,
    parts: [
      {
        parameter: nameOf(node),
        shape,
        put: (values, whole) => whole.set(scale === 1 ? values : values.map((value) => value * scale)),
        take: (whole) => whole.map((value) => value / scale),
      },
    ],
    rest: zeros(shape),
  };
};
