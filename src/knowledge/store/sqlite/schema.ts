/** "Lyce" in ASCII: marks the file as ours. */
export const APPLICATION_ID = 0x4c796365;
export const SCHEMA_VERSION = 1;

/**
 * Readings as they came (document, body), their parts as rows (mention, relation, definition, pair), and the graph that follows from them: keys (normalised
 * names), edges between keys (why two names are one), entities (connected components of keys over merged edges) and facts (relations counted by entities).
 * Scores are integers, ten-thousandths. `weight` is −ln(1 − score) in millionths, so that sums do not depend on their order.
 */
export const SCHEMA = `
CREATE TABLE document (
  doc INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, loader TEXT NOT NULL, reader TEXT NOT NULL, media_type TEXT, size INTEGER,
  title TEXT, year INTEGER, venue TEXT, characters INTEGER NOT NULL, sentences INTEGER NOT NULL, mentions INTEGER NOT NULL, relations INTEGER NOT NULL
) STRICT;
CREATE INDEX document_year ON document (year, venue);
CREATE TABLE body (doc INTEGER PRIMARY KEY REFERENCES document, text TEXT NOT NULL, parts TEXT NOT NULL) STRICT;
CREATE TABLE sentence (doc INTEGER NOT NULL REFERENCES document, n INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (doc, n)) STRICT, WITHOUT ROWID;
CREATE TABLE page (doc INTEGER NOT NULL REFERENCES document, first INTEGER NOT NULL, page INTEGER NOT NULL, PRIMARY KEY (doc, first)) STRICT, WITHOUT ROWID;
CREATE TABLE document_name (name TEXT PRIMARY KEY, doc INTEGER NOT NULL REFERENCES document) STRICT, WITHOUT ROWID;
CREATE INDEX document_name_doc ON document_name (doc, name);

CREATE TABLE entity (
  entity INTEGER PRIMARY KEY, key INTEGER, canonical TEXT, name TEXT, kind TEXT,
  mentions INTEGER NOT NULL DEFAULT 0, documents INTEGER NOT NULL DEFAULT 0, facts INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX entity_mentions ON entity (mentions DESC, canonical);
CREATE INDEX entity_kind_mentions ON entity (kind, mentions DESC, canonical);
CREATE INDEX entity_facts ON entity (facts DESC, canonical);
CREATE INDEX entity_canonical ON entity (canonical);

CREATE TABLE key (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, hash TEXT NOT NULL UNIQUE, folded TEXT NOT NULL, entity INTEGER REFERENCES entity,
  mentions INTEGER NOT NULL DEFAULT 0, documents INTEGER NOT NULL DEFAULT 0, outgoing INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX key_folded ON key (folded);
CREATE INDEX key_entity ON key (entity, outgoing, mentions DESC, key);
CREATE TABLE key_kind (key INTEGER NOT NULL REFERENCES key, kind TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (key, kind)) STRICT, WITHOUT ROWID;
CREATE TABLE spelling (
  id INTEGER PRIMARY KEY, key INTEGER NOT NULL REFERENCES key, surface TEXT NOT NULL, folded TEXT NOT NULL, own INTEGER NOT NULL,
  n INTEGER NOT NULL, refs INTEGER NOT NULL, UNIQUE (key, surface)
) STRICT;
CREATE INDEX spelling_surface ON spelling (surface);
CREATE INDEX spelling_folded ON spelling (folded);
CREATE VIRTUAL TABLE name_words USING fts5 (name, content='', contentless_delete=1, prefix='2 3', tokenize='unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE sentence_words USING fts5 (text, content='', contentless_delete=1, tokenize='porter unicode61 remove_diacritics 2');

CREATE TABLE mention (
  doc INTEGER NOT NULL REFERENCES document, n INTEGER NOT NULL, key INTEGER REFERENCES key, first INTEGER NOT NULL, last INTEGER NOT NULL,
  kind TEXT NOT NULL, score INTEGER NOT NULL, via TEXT, named TEXT, PRIMARY KEY (doc, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX mention_key ON mention (key, doc);

CREATE TABLE label (id INTEGER PRIMARY KEY, label TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE relation (
  doc INTEGER NOT NULL REFERENCES document, n INTEGER NOT NULL, label INTEGER NOT NULL REFERENCES label,
  s_key INTEGER NOT NULL REFERENCES key, o_key INTEGER NOT NULL REFERENCES key, s INTEGER NOT NULL REFERENCES entity, o INTEGER NOT NULL REFERENCES entity,
  subject INTEGER NOT NULL, object INTEGER NOT NULL, sentence INTEGER NOT NULL, score INTEGER NOT NULL, weight INTEGER NOT NULL, PRIMARY KEY (doc, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX relation_fact ON relation (s, label, o, doc, n, weight);
CREATE INDEX relation_object ON relation (o);
CREATE INDEX relation_s_key ON relation (s_key);
CREATE INDEX relation_o_key ON relation (o_key);

CREATE TABLE definition (
  doc INTEGER NOT NULL REFERENCES document, n INTEGER NOT NULL, short TEXT NOT NULL, full_key TEXT NOT NULL, pooled TEXT NOT NULL,
  first INTEGER NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (doc, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX definition_short ON definition (short, pooled, doc);
CREATE INDEX definition_full ON definition (full_key);
CREATE INDEX definition_pooled ON definition (pooled);
CREATE TABLE pair (
  doc INTEGER NOT NULL REFERENCES document, n INTEGER NOT NULL, a TEXT NOT NULL, b TEXT NOT NULL, a_mention INTEGER NOT NULL, b_mention INTEGER NOT NULL,
  PRIMARY KEY (doc, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX pair_a ON pair (a, b);
CREATE INDEX pair_b ON pair (b);

CREATE TABLE edge (
  a INTEGER NOT NULL REFERENCES key, reason TEXT NOT NULL, b INTEGER NOT NULL REFERENCES key, status TEXT NOT NULL, PRIMARY KEY (a, reason, b)
) STRICT, WITHOUT ROWID;
CREATE INDEX edge_b ON edge (b, status);
CREATE INDEX edge_status ON edge (status, reason);

CREATE TABLE entity_doc (entity INTEGER NOT NULL, doc INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (entity, doc)) STRICT, WITHOUT ROWID;
CREATE INDEX entity_doc_doc ON entity_doc (doc);
CREATE TABLE entity_kind (entity INTEGER NOT NULL, kind TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (entity, kind)) STRICT, WITHOUT ROWID;
CREATE TABLE fact (
  id INTEGER PRIMARY KEY, s INTEGER NOT NULL REFERENCES entity, label INTEGER NOT NULL REFERENCES label, o INTEGER NOT NULL REFERENCES entity,
  support INTEGER NOT NULL, documents INTEGER NOT NULL, weight INTEGER NOT NULL, hidden INTEGER NOT NULL, UNIQUE (s, label, o)
) STRICT;
CREATE INDEX fact_subject ON fact (s, hidden, documents DESC, support DESC, weight DESC);
CREATE INDEX fact_object ON fact (o, hidden, documents DESC, support DESC, weight DESC);
CREATE INDEX fact_best ON fact (hidden, documents DESC, support DESC, weight DESC);
CREATE INDEX fact_hidden ON fact (hidden) WHERE hidden = 1;

CREATE TABLE decision (number INTEGER PRIMARY KEY, at TEXT NOT NULL, decision TEXT NOT NULL) STRICT;
CREATE TABLE writer (one INTEGER PRIMARY KEY CHECK (one = 1), pid INTEGER NOT NULL) STRICT;
`;
