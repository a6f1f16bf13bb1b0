import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { NotFoundError } from '../../core/index.ts';
import { writeWhole } from '../../formats/index.ts';
import { openWorkspace } from '../workspace.ts';

/** Where training data is kept that came by the workspace, so that a run finds it again whenever it goes on: a place for each content. */
export const trainingPlace = (dir: string, sha256: string): string => join(dir, 'uploads', 'training', sha256.slice(0, 16));

/**
 * Writes the texts of a workspace's documents as JSON Lines to learn from; the same documents have the same place.
 *
 * @returns its path
 * @throws NotFoundError where there are none, or no workspace
 */
export const keepDocuments = async (dir: string): Promise<string> => {
  await using workspace = await openWorkspace({ dir, mode: 'read' });
  const known = await workspace.store.documents({ limit: Number.MAX_SAFE_INTEGER });
  const ids = known.map(({ id }) => id).sort();
  if (ids.length === 0) throw new NotFoundError(`${dir}: expected documents to learn from, got none; read some first, as in \`lyceum read ~/papers\``);
  const hash = createHash('sha256');
  const lines: Buffer[] = [];
  for (const id of ids) {
    const { text, names } = await workspace.store.document(id);
    const line = Buffer.from(`${JSON.stringify({ id: names[0] ?? id, text })}\n`);
    hash.update(line);
    lines.push(line);
  }
  const home = trainingPlace(dir, hash.digest('hex'));
  await mkdir(home, { recursive: true });
  const path = join(home, 'documents.jsonl');
  await writeWhole(path, lines);
  return path;
};
