import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { judgeOf, type Schema, saidAloud, schemaSuite } from '../../generate/grammar/testing/schema-suite.ts';
import { jsonGrammar } from '../../generate/index.ts';
import { writeTinyModel } from '../testing/tiny-language-model.ts';
import { openLanguageModel } from './open-language-model.ts';

const kept = (schema: Schema): boolean => {
  try {
    jsonGrammar(schema);
    return true;
  } catch {
    return false;
  }
};

it('whatever a hot model draws is a document that its schema allows: the public suite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lyceum-suite-'));
  await using model = await openLanguageModel(await writeTinyModel(join(folder, 'tiny')), { threads: 1 });
  let documents = 0;
  for (const { file, description, schema } of schemaSuite()) {
    if (file === 'format' || !kept(schema) || !kept(saidAloud(schema))) continue;
    const fits = judgeOf(schema);
    const asked = [schema, schema, saidAloud(schema), saidAloud(schema)].map((own, seed) =>
      model.generate({ prompt: description, schema: own, temperature: 2, seed, maxTokens: 100 + 15 * seed }),
    );
    for (const { text } of await Promise.all(asked)) {
      expect([fits(JSON.parse(text)), fits.errors], `${file}, ${description}: ${text}`).toEqual([true, null]);
      documents++;
    }
  }
  console.error(`${documents} documents`);
  expect(documents).toBeGreaterThan(600);
  await rm(folder, { recursive: true });
});
