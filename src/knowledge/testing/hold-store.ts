import type { Reading } from '../reading.ts';
import { openStore } from '../store/sqlite/store.ts';

// Opens the store named on the command line for writing, adds each reading it is sent, and says so once it is durable.
const store = await openStore(process.argv[2]!);
process.on('message', async (reading: Reading) => {
  await store.addReading(reading);
  process.send!(reading.id);
});
process.on('disconnect', () => process.exit());
process.send!('open');
