import { DataFactory, Parser } from 'n3';
import { describe, expect, test } from 'vitest';
import { exportDecisions, exportGraphml, exportJsonl, exportTurtle } from '../export/index.ts';
import type { LoggedDecision, Store } from '../store/contract.ts';
import { CRF, SECOND } from './crf-papers.ts';
import { collect, makeReading, numberedReading } from './make-reading.ts';

/** What every store must do, whatever it is built on. `open` gives an empty store. */
export function storeSuite(name: string, open: () => Promise<Store>): void {
  const find = async (store: Store, entity: string) => (await store.findEntities(entity))[0]!;

  describe(name, () => {
    test('facts carry support, score, direction, conflicts and the exact words behind them', async () => {
      await using store = await open();
      await store.addReadings([CRF, SECOND]);
      const crf = await find(store, 'CRFs');
      expect(crf).toMatchObject({ name: 'conditional random field', kind: 'Method', mentions: 3, documents: 2 });
      const [best, ...rest] = await store.facts({ entity: crf.id, sources: 10 });
      expect(best).toMatchObject({
        relation: 'USED-FOR',
        subject: { id: crf.id },
        object: { name: 'named entity recognition' },
        support: 2,
        documents: 2,
        score: 0.98,
        main: true,
      });
      expect(best!.conflicts).toEqual([{ relation: 'USED-FOR', reversed: true, support: 1 }]);
      for (const source of best!.sources) {
        const { text } = await store.document(source.document);
        expect(text.slice(source.start, source.end)).toBe(source.text);
        expect(text.slice(source.subject.start, source.subject.end)).toMatch(/conditional random field/);
        expect(text.slice(source.object.start, source.object.end)).toBe('named entity recognition');
      }
      expect(rest.map((fact) => fact.relation).sort()).toEqual(['COMPARE', 'USED-FOR', 'USED-FOR']);
      const parsing = (await store.facts({ object: (await find(store, 'parsing')).id, sources: 1 }))[0]!;
      expect(parsing.sources[0]).toMatchObject({ page: 2, documentName: 'a/crf.pdf', score: 0.5 });
      expect(await store.fact(best!.id)).toEqual(best);
      expect(await store.counts()).toMatchObject({ documents: 2, sentences: 3, mentions: 7, resolvedMentions: 7, relationMentions: 5, entities: 4, facts: 4 });
      await expect(store.fact('e0:USED-FOR:e1')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    test('names belong to one document: content that changed replaces, a second name adds, the last one removes', async () => {
      await using store = await open();
      expect(await store.addReading(CRF)).toEqual({ status: 'added', replaced: [] });
      expect(await store.addReading({ ...CRF, names: ['copy.pdf'] })).toMatchObject({ status: 'renamed' });
      expect((await store.reading('copy.pdf'))?.names).toEqual(['a/crf.pdf', 'copy.pdf']);
      expect(await store.findDocuments('crf.pdf')).toMatchObject([{ id: CRF.id }]);
      expect(await store.findDocuments(CRF.id.slice(0, 8))).toMatchObject([{ id: CRF.id }]);
      await store.removeName('copy.pdf');
      expect(await store.addReading({ ...SECOND, names: ['a/crf.pdf'] })).toEqual({ status: 'added', replaced: [CRF.id] });
      expect((await store.documents()).map((document) => document.id)).toEqual([SECOND.id]);
      expect(await store.readingOf(SECOND.id)).toEqual({ ...SECOND, names: ['a/crf.pdf'] });
      await store.removeName('a/crf.pdf');
      expect(await store.counts()).toMatchObject({ documents: 0, entities: 0, facts: 0, merges: 0 });
      await expect(store.removeName('a/crf.pdf')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    test('bad readings are refused whole', async () => {
      await using store = await open();
      await store.addReading(CRF);
      for (const bad of [
        { ...SECOND, id: 'x' },
        { ...SECOND, mentions: [{ start: 0, end: 10_000, kind: 'Task', score: 1 }] },
        { ...SECOND, relations: [{ subject: 0, object: 99, label: 'USED-FOR', score: 1, sentence: 0 }] },
        { ...SECOND, mentions: SECOND.mentions.map((mention) => ({ ...mention, score: Number.NaN })) },
      ])
        await expect(store.addReadings([{ ...SECOND, names: ['other.txt'] }, bad])).rejects.toMatchObject({ code: 'FORMAT' });
      expect(await store.counts()).toMatchObject({ documents: 1 });
    });

    test('a merge, a split, a rejection and their undoing', async () => {
      await using store = await open();
      await store.addReadings([CRF, SECOND]);
      const graph = async (): Promise<string> => await collect(exportJsonl(store));
      const before = await graph();
      await store.decide({ type: 'merge', names: ['conditional random field', 'HMM'] });
      expect(await find(store, 'HMM')).toMatchObject({ name: 'conditional random field', mentions: 4 });
      const entity = await store.entity((await find(store, 'HMM')).id);
      expect(entity.merges).toContainEqual(expect.objectContaining({ from: 'HMM', to: 'conditional random field', reason: 'user', status: 'merged' }));
      await store.decide({ type: 'split', names: ['conditional random fields'] });
      expect(await find(store, 'conditional random fields')).toMatchObject({ mentions: 2 });
      await store.undo();
      await store.undo();
      expect(await graph()).toBe(before);
      await store.decide({ type: 'reject', names: ['conditional random fields', 'conditional random field'] });
      expect(await find(store, 'conditional random field')).toMatchObject({ mentions: 1 });
      expect(await store.merges({ status: 'rejected' })).toMatchObject([{ reason: 'plural' }]);
      await store.decide({ type: 'undo', number: 5 });
      await store.decide({ type: 'kind', name: 'parsing', kind: 'Method' });
      await store.decide({ type: 'rename', name: 'parsing', to: 'Parsing!' });
      await store.decide({ type: 'hide', subject: 'conditional random field', relation: 'USED-FOR', object: 'parsing' });
      expect(await find(store, 'parsing')).toMatchObject({ name: 'Parsing!', kind: 'Method', facts: 0 });
      const log = await store.decisions();
      expect(log.map((entry) => entry.undone)).toEqual([true, true, false, false, true, false, false, false, false]);
      const after = await graph();
      await using other = await open();
      await other.replay(
        (await collect(exportDecisions(store)))
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as LoggedDecision),
      );
      await other.addReadings([SECOND, CRF]);
      expect(await collect(exportJsonl(other))).toBe(after);
      await expect(store.decide({ type: 'merge', names: ['parsing', 'no such name'] })).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(store.decide({ type: 'undo', number: 99 })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    test('an overview shows the best-supported facts, within its bounds and filters, and says when that is not all', async () => {
      await using store = await open();
      await store.addReadings(Array.from({ length: 90 }, (_, number) => numberedReading(number)));
      const { entities, facts } = await store.counts();
      const whole = await store.overview();
      expect([whole.entities.length, whole.facts.length, whole.truncated]).toEqual([entities, facts, false]);
      const known = new Set(whole.facts.map((fact) => fact.id));
      for (const query of [
        { limit: 1 },
        { limit: 2 },
        { limit: 20 },
        { limit: 100 },
        { kinds: ['Method'], limit: 10 },
        { kinds: ['Task'] },
        { minSupport: 2 },
      ]) {
        const part = await store.overview(query);
        const { limit = entities, minSupport = 1, kinds } = query as { limit?: number; minSupport?: number; kinds?: string[] };
        const wanted = whole.entities.filter(({ kind }) => kinds?.includes(kind) ?? true).map(({ id }) => id);
        expect(part.entities.every(({ id }) => wanted.includes(id))).toBe(true);
        if (minSupport === 1) expect([part.entities.length, part.truncated]).toEqual([Math.min(limit, wanted.length), wanted.length > limit]);
        for (const { id, subject, object, support } of part.facts) {
          expect(known.has(id) && id.startsWith(part.entities[subject]!.id) && id.endsWith(part.entities[object]!.id)).toBe(true);
          expect(support).toBeGreaterThanOrEqual(minSupport);
        }
      }
      const small = await store.overview({ limit: 100 });
      const shown = new Set(small.entities.map(({ id }) => id));
      const among = whole.facts.filter(({ subject, object }) => shown.has(whole.entities[subject]!.id) && shown.has(whole.entities[object]!.id));
      expect(small.facts.map(({ id }) => id).sort()).toEqual(among.map(({ id }) => id).sort());
    });

    test('search, sentences, mentions, neighbourhood, overview, arrays and trends', async () => {
      await using store = await open();
      await store.addReadings([CRF, SECOND]);
      expect((await store.search('cond ran')).map((hit) => hit.name)).toEqual(['conditional random field']);
      expect((await store.search('n', { kind: 'Task' })).map((hit) => hit.name)).toEqual(['named entity recognition']);
      expect(await store.searchSentences('helps parse')).toMatchObject([{ document: CRF.id, text: 'This approach helps parsing .' }]);
      const crf = await find(store, 'conditional random field');
      expect((await store.mentions(crf.id)).map((hit) => hit.mention.end - hit.mention.start).sort((a, b) => a - b)).toEqual([13, 24, 25]);
      const near = await store.neighbourhood(crf.id);
      expect(near.entities[0]).toMatchObject({ id: crf.id });
      expect([near.entities.length, near.facts.length, near.truncated]).toEqual([4, 4, false]);
      expect(await store.neighbourhood(crf.id, { limit: 2 })).toMatchObject({ truncated: true, entities: [{}, { name: 'named entity recognition' }] });
      expect((await store.overview({ limit: 10 })).facts.length).toBe(4);
      const all = await store.arrays();
      expect([all.ids.length, all.subject.length, all.relation]).toEqual([4, 4, ['COMPARE', 'USED-FOR']]);
      const [series] = await store.trends({ entity: crf.id });
      expect(series).toMatchObject({
        entity: { name: 'named entity recognition' },
        points: [
          { year: 2001, documents: 1, of: 1, share: 1 },
          { year: 2002, documents: 1, of: 1, share: 1 },
        ],
      });
    });

    test('relations between kinds over the years: counted by document, whatever the names, without what the user hid', async () => {
      await using store = await open();
      await store.addReadings([
        CRF,
        SECOND,
        makeReading(
          [[['HMM', 'Method'], 'and', ['tagging', 'Task'], 'in', ['parsing', 'Task'], 'of', ['Treebank', 'Material']]],
          [
            [0, 'USED-FOR', 1],
            [0, 'USED-FOR', 2],
            [2, 'CONJUNCTION', 0],
          ],
          [],
          { year: 2002, venue: 'ACL' },
        ),
        makeReading([['No', ['parsing', 'Task'], 'here']], [], [], { year: 2003 }),
        makeReading([['No year for', ['HMM', 'Method'], 'in', ['parsing', 'Task']]], [[0, 'USED-FOR', 1]]),
      ]);
      const used = (share: number) => [
        { year: 2001, documents: 1, of: 1, share: 1 },
        { year: 2002, documents: 2 * share, of: 2, share },
        { year: 2003, documents: 0, of: 1, share: 0 },
      ];
      const one = [
        { year: 2001, documents: 0, of: 1, share: 0 },
        { year: 2002, documents: 1, of: 2, share: 0.5 },
        { year: 2003, documents: 0, of: 1, share: 0 },
      ];
      // A conjunction has no direction: the Task stands first in its sentence.
      expect(await store.kindTrends({ subject: 'Method', object: 'Task' })).toEqual([
        { relation: 'USED-FOR', points: used(1) },
        { relation: 'CONJUNCTION', points: one },
      ]);
      expect(await store.kindTrends({ subject: 'Task', object: 'Method', relation: 'USED-FOR' })).toMatchObject([
        { points: [{ documents: 0 }, { documents: 1, of: 2 }] },
      ]);
      expect(await store.kindTrends({ subject: 'Method', object: 'Task', relation: 'USED-FOR', venue: 'ACL' })).toMatchObject([
        {
          points: [
            { year: 2001, documents: 1 },
            { year: 2002, documents: 1, of: 1 },
          ],
        },
      ]);
      expect(await store.kindTrends({ subject: 'Metric', object: 'Task' })).toEqual([]);
      await store.decide({ type: 'hide', subject: 'conditional random field', relation: 'USED-FOR', object: 'named entity recognition' });
      expect((await store.kindTrends({ subject: 'Method', object: 'Task' }))[0]).toEqual({
        relation: 'USED-FOR',
        points: used(0.5),
      });
      const crf = await find(store, 'conditional random field');
      expect((await store.trends({ entity: crf.id })).map(({ entity }) => entity.name)).toEqual(['parsing']);
    });

    test("the paper's rule: every name of at most k documents that contains one of more is merged into it", async () => {
      await using store = await open();
      expect(await store.settings()).toEqual({ contains: 'careful', threshold: 20 });
      // "parsing" in three documents; "shallow parsing" in two, "parsing of speech" in one
      const names = [['parsing'], ['parsing'], ['parsing', 'shallow parsing'], ['shallow parsing', 'parsing of speech']];
      await store.addReadings(names.map((all, number) => makeReading([[`${number}`, ...all.map((name): [string, string] => [name, 'Task'])]])));
      const graph = async () => (await store.entities()).map(({ name, mentions }) => `${name} ${mentions}`).sort();
      const apart = ['parsing 3', 'parsing of speech 1', 'shallow parsing 2'];
      expect(await graph()).toEqual(apart);
      await store.decide({ type: 'setting', name: 'contains', value: 'paper' });
      expect(await graph()).toEqual(apart); // no name is in more than 20 documents
      await store.decide({ type: 'setting', name: 'threshold', value: 2 });
      expect(await store.settings()).toEqual({ contains: 'paper', threshold: 2 });
      expect(await graph()).toEqual(['parsing 6']);
      await store.decide({ type: 'setting', name: 'threshold', value: 1 });
      expect(await graph()).toEqual(['parsing 4', 'shallow parsing 2']); // in two documents, a name is not rare now
      await store.decide({ type: 'setting', name: 'contains', value: 'off' });
      expect(await graph()).toEqual(apart);
      while (await store.undo());
      expect(await store.settings()).toEqual({ contains: 'careful', threshold: 20 });
    });

    test('hostile names stay names: in queries, decisions, and every export', async () => {
      const names = [
        `x'); DROP TABLE document; --`,
        '"quoted" OR name:*',
        'NEAR(a b)',
        '<script>alert(1)</script>',
        ']]></data><node id="e1"/>',
        '&lt;',
        '> . <urn:x> a <urn:y',
        'end\\" . _:b a _:c',
        '"""',
        '\u0000nul\u0007',
        'a\ud800b',
        '\u202eevil',
        '{{constructor}}',
        '__proto__',
        'é𝔘😀',
        `${'long '.repeat(100)}`,
      ];
      await using store = await open();
      await store.addReading(
        makeReading(
          [names.flatMap((name): [string, string][] => [[name, `<Kind '"&>`]])],
          names.slice(1).map((_, index) => [0, `L"<${index % 3}>'`, index + 1]),
        ),
      );
      for (const name of names) {
        await store.search(name);
        await store.searchSentences(name);
        await store.findEntities(name);
        await store.documents({ text: name });
        await store.findDocuments(name);
      }
      expect((await store.search('DROP TABLE'))[0]?.name).toContain('DROP TABLE');
      await store.decide({ type: 'rename', name: '__proto__', to: '</data>"\'; --' });
      const counts = await store.counts();
      expect(counts).toMatchObject({ documents: 1, mentions: names.length });
      const turtle = await collect(exportTurtle(store));
      const quads = new Parser().parse(turtle);
      const labels = quads.filter((quad) => quad.predicate.value.endsWith('#label')).map((quad) => quad.object.value);
      expect(labels.length).toBe(counts.entities);
      expect(labels).toContain('</data>"\'; --');
      expect(quads.some((quad) => quad.subject.equals(DataFactory.namedNode('urn:x')))).toBe(false);
      const xml = await collect(exportGraphml(store));
      expect(xml.match(/<node /g)?.length).toBe(counts.entities);
      expect(xml.match(/<edge /g)?.length).toBe(counts.facts);
      expect(xml).not.toContain('<script');
      expect([...xml].every((sign) => sign >= ' ' || sign === '\n')).toBe(true);
      for (const line of (await collect(exportJsonl(store))).trim().split('\n')) JSON.parse(line);
      expect(await store.check()).toEqual([]);
    });
  });
}
