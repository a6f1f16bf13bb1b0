// Draws facts of a graph at random, to be checked by hand: `node scripts/sample-facts.ts WORKSPACE [COUNT] [LEAST-DOCUMENTS] [SEED] > facts.jsonl`. A line is a fact with its first sentence and what stands before;
// docs/reader/judged-facts.jsonl holds verdicts by fact. The draw depends on the seed and on the ids of the facts alone.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { openStore } from '../src/knowledge/index.ts';

const [workspace, count = '100', least = '1', seed = '0'] = process.argv.slice(2);
if (workspace === undefined) throw new Error('sample-facts: expected a workspace, got none; name the folder that `lyceum read --dir` filled');

const atOnce = 20_000;
const rankOf = (id: string): string => createHash('sha256').update(`${seed} ${id}`).digest('hex');
await using store = await openStore(join(workspace, 'knowledge.sqlite'), { mode: 'read' });
const ranked: { readonly rank: string; readonly id: string }[] = [];
for (let offset = 0; ; offset += atOnce) {
  const found = await store.facts({ limit: atOnce, offset, minSupport: Number(least) });
  for (const { id, documents } of found) if (documents >= Number(least)) ranked.push({ rank: rankOf(id), id });
  if (found.length < atOnce) break;
}
ranked.sort((a, b) => (a.rank < b.rank ? -1 : 1));
for (const { id } of ranked.slice(0, Number(count))) {
  const { subject, relation, object, documents, sources } = await store.fact(id);
  const { document, start, end, text } = sources[0]!;
  const before = (await store.document(document)).text.slice(Math.max(0, start - 200), start);
  process.stdout.write(
    `${JSON.stringify({ fact: id, document, start, end, subject: subject.name, relation, object: object.name, documents, before, text })}\n`,
  );
}
