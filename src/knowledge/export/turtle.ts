import { DataFactory, type Quad_Object, type Quad_Predicate, type Quad_Subject, Writer } from 'n3';
import type { Store } from '../store/contract.ts';

const { namedNode, literal, blankNode, quad } = DataFactory;
const RDF = 'http://www.w3.org/1999/02/22-rdf-syntax-ns#';
const RDFS = 'http://www.w3.org/2000/01/rdf-schema#';
const PROV = 'http://www.w3.org/ns/prov#';
const XSD = 'http://www.w3.org/2001/XMLSchema#';
/** Our own few words; a URN, so that nothing is claimed about any web address. */
const LYCEUM = 'urn:lyceum:vocabulary:';

/**
 * The graph as RDF in Turtle: every fact is a triple, and an rdf:Statement about it that is derived (PROV-O) from quotations, each with its text, its
 * offsets (UTF-16 code units) and its document, named by SHA-256. Every name travels as a literal; no IRI is made of foreign text unescaped.
 */
export async function* exportTurtle(store: Pick<Store, 'export'>): AsyncGenerator<string> {
  let chunk = '';
  const sink = {
    write(text: string, _encoding: string, done?: () => void) {
      chunk += text;
      done?.();
    },
    end(done?: () => void) {
      done?.();
    },
  };
  const writer = new Writer(sink, { prefixes: { rdf: RDF, rdfs: RDFS, prov: PROV, xsd: XSD, ly: LYCEUM } });
  const add = (subject: Quad_Subject, predicate: Quad_Predicate, object: Quad_Object): void => writer.addQuad(quad(subject, predicate, object));
  const integer = (value: number) => literal(String(value), namedNode(`${XSD}integer`));
  const decimal = (value: number) => literal(value.toFixed(4), namedNode(`${XSD}decimal`));
  const a = namedNode(`${RDF}type`);
  let quotations = 0;
  for await (const line of store.export()) {
    if (line.type === 'entity') {
      const entity = entityNode(line.id);
      add(entity, a, namedNode(LYCEUM + part(line.kind)));
      add(entity, namedNode(`${RDFS}label`), literal(line.name));
      for (const name of line.names) if (name !== line.name) add(entity, namedNode(`${LYCEUM}name`), literal(name));
      add(entity, namedNode(`${LYCEUM}mentions`), integer(line.mentions));
      add(entity, namedNode(`${LYCEUM}documents`), integer(line.documents));
      for (const merge of line.merges) add(entity, namedNode(`${LYCEUM}merge`), literal(merge.explanation));
    } else {
      const [subject, predicate, object] = [entityNode(line.subject), namedNode(LYCEUM + part(line.relation)), entityNode(line.object)];
      add(subject, predicate, object);
      const fact = namedNode(`urn:lyceum:fact:${part(line.id)}`);
      add(fact, a, namedNode(`${RDF}Statement`));
      add(fact, namedNode(`${RDF}subject`), subject);
      add(fact, namedNode(`${RDF}predicate`), predicate);
      add(fact, namedNode(`${RDF}object`), object);
      add(fact, namedNode(`${LYCEUM}support`), integer(line.support));
      add(fact, namedNode(`${LYCEUM}score`), decimal(line.score));
      for (const source of line.sources) {
        const quotation = blankNode(`q${quotations++}`);
        add(fact, namedNode(`${PROV}wasDerivedFrom`), quotation);
        add(quotation, a, namedNode(`${PROV}Entity`));
        add(quotation, namedNode(`${PROV}wasQuotedFrom`), namedNode(`urn:sha256:${source.document}`));
        add(quotation, namedNode(`${PROV}value`), literal(source.text));
        add(quotation, namedNode(`${LYCEUM}start`), integer(source.start));
        add(quotation, namedNode(`${LYCEUM}end`), integer(source.end));
        add(quotation, namedNode(`${LYCEUM}score`), decimal(source.score));
      }
    }
    if (chunk.length > 65_536) {
      yield chunk;
      chunk = '';
    }
  }
  await new Promise<void>((resolve, reject) => writer.end((error) => (error ? reject(error) : resolve())));
  yield chunk;
}

function entityNode(id: string) {
  return namedNode(`urn:lyceum:entity:${id}`);
}

/** Foreign text as part of an IRI: everything but letters, digits and -._~ percent-encoded. */
function part(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}
