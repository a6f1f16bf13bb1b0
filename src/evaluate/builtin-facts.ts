import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseFacts } from './fact-files.ts';
import type { Fact } from './fact-ranking.ts';

/** General knowledge that ships with Lyceum: 23 relations, from capitals to plurals, written for this. */
export const worldFactsPath: string = fileURLToPath(new URL('../../models/world-facts.jsonl', import.meta.url));

/** The facts of `worldFactsPath`. @throws what the file system says */
export const builtinFacts = async (): Promise<Fact[]> => parseFacts({ name: 'world-facts.jsonl', text: await readFile(worldFactsPath, 'utf8') });
