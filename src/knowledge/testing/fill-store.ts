import { openStore } from '../store/sqlite/store.ts';
import { madeDecisions } from './made-decisions.ts';
import { numberedReading } from './make-reading.ts';

// Reads and forgets numbered documents in the order that a seed gives, decides between them, tells each change once it is durable, and waits to be killed.
const [path, seed, count] = [process.argv[2]!, Number(process.argv[3]), Number(process.argv[4])];
await using store = await openStore(path, { wait: true });
const known = new Set((await store.documents()).map((document) => document.names[0]));
let decided = (await store.decisions()).length;
const decide = async (): Promise<void> => {
  if (decided === madeDecisions.length) return;
  await store.replay([madeDecisions[decided++]!]);
  process.send?.(`decision ${decided}`);
};
for (let step = 0; step < count; step++) {
  const number = (step * 7 + seed) % count;
  const reading = numberedReading(number);
  if (known.has(reading.names[0])) continue;
  // every third document is read, forgotten and read again, so that a kill also falls into deletions
  if (number % 3 === 0) {
    await store.addReading(reading);
    await store.removeDocuments([reading.id]);
  }
  if (number % 2 === 0) await decide();
  await store.addReading(reading);
  process.send?.(reading.id);
}
while (decided < madeDecisions.length) await decide();
process.send?.('done');
