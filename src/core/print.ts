import { isConstant, isInput, isParameter, nameOf } from './leaf.ts';
import { inOrder, type Node } from './node.ts';
import { show } from './strided.ts';

/** One value of an attribute, the same text on every machine. */
export function attributeText(value: unknown): string {
  if (ArrayBuffer.isView(value)) return `<${[...(value as unknown as Iterable<number>)].map((v) => attributeText(v)).join(' ')}>`;
  if (Array.isArray(value)) return `[${value.map(attributeText).join(', ')}]`;
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'object' && value !== null) return `{${entriesText(value)}}`;
  return String(value);
}

const entriesText = (attrs: object): string =>
  Object.entries(attrs)
    .filter(([, value]) => value !== undefined && value !== false)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => (value === true ? key : `${key}: ${typeof value === 'string' ? value : attributeText(value)}`))
    .join(', ');

/**
 * A graph as text, one node a line, inputs first; the same for equal graphs. Scalar constants stand where they are used; long ones show their first values.
 *
 * ```
 * %0 = input ids [batch, seq] int64
 * %1 = parameter word [100, 8] float32
 * %2 = gather %1 %0 {axis: 0} [batch, seq, 8] float32 @embeddings.word
 * return %2
 * ```
 */
export function print(roots: readonly Node[]): string {
  const numbers = new Map<Node, string>();
  const lines: string[] = [];
  const reference = (node: Node): string => numbers.get(node) ?? (isConstant(node) ? String(node.attrs.data[0]) : '');
  for (const node of inOrder(roots)) {
    const inline = isConstant(node) && node.shape.length === 0 && !roots.includes(node);
    if (inline) continue;
    numbers.set(node, `%${numbers.size}`);
    lines.push(
      [
        `${numbers.get(node)} = ${headline(node, reference)}`,
        show(node),
        node.site === undefined ? '' : `@${node.site}`,
        node.recompute === undefined ? '' : `~${node.recompute}`,
      ]
        .filter(Boolean)
        .join(' '),
    );
  }
  return [...lines, `return ${roots.map(reference).join(' ')}`].join('\n');
}

function headline(node: Node, reference: (node: Node) => string): string {
  if (isInput(node) || isParameter(node)) return `${node.op.name} ${nameOf(node)}`;
  if (isConstant(node)) {
    const { data } = node.attrs;
    return `constant ${[...data.subarray(0, 8)].join(' ')}${data.length > 8 ? ' …' : ''}`;
  }
  const { shape: _shape, ...attrs } = (node.attrs ?? {}) as { shape?: unknown }; // a shape among the attributes is the node's own
  const text = entriesText(attrs);
  return [node.op.name, ...node.inputs.map(reference), text && `{${text}}`].filter(Boolean).join(' ');
}
