import type { Store } from '../store/contract.ts';

const ATTRIBUTES = [
  ['node', 'name', 'string'],
  ['node', 'kind', 'string'],
  ['node', 'names', 'string'],
  ['node', 'mentions', 'int'],
  ['node', 'documents', 'int'],
  ['edge', 'relation', 'string'],
  ['edge', 'support', 'int'],
  ['edge', 'documents', 'int'],
  ['edge', 'score', 'double'],
  ['edge', 'sources', 'string'],
] as const;

/** The graph as GraphML: a node for an entity, an edge for a fact, its sources as JSON in one attribute. */
export async function* exportGraphml(store: Pick<Store, 'export'>): AsyncGenerator<string> {
  yield '<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n';
  for (const [domain, name, type] of ATTRIBUTES) yield `  <key id="${domain}-${name}" for="${domain}" attr.name="${name}" attr.type="${type}"/>\n`;
  yield '  <graph id="knowledge" edgedefault="directed">\n';
  for await (const line of store.export()) {
    if (line.type === 'entity') {
      const { name, kind, mentions, documents } = line;
      yield `    <node id="${line.id}">${data('node', { name, kind, names: JSON.stringify(line.names), mentions, documents })}</node>\n`;
    } else {
      const { relation, support, documents, score } = line;
      const values = { relation, support, documents, score, sources: JSON.stringify(line.sources) };
      yield `    <edge id="${escapeXml(line.id)}" source="${line.subject}" target="${line.object}">${data('edge', values)}</edge>\n`;
    }
  }
  yield '  </graph>\n</graphml>\n';
}

function data(domain: 'node' | 'edge', values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `<data key="${domain}-${name}">${escapeXml(String(value))}</data>`)
    .join('');
}

/** Text safe in XML 1.0 content and attributes; characters that XML cannot hold become U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\ufffe\uffff]/gu, (sign) => ((sign >= '\u007f' && sign < '\ufffe') || '\t\n\r'.includes(sign) ? sign : '\ufffd'))
    .replace(/[&<>"'\t\n\r]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
