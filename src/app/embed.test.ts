import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { cosine } from '../encode/index.ts';
import { openSafetensors, readAsFloat32 } from '../formats/index.ts';
import { embedTexts } from './embed.ts';

describe('embedding with the encoder that comes along', () => {
  it('gives the vectors and cosines of the reference implementation', async () => {
    const fixture = await openSafetensors(fileURLToPath(new URL('../models/fixtures/embed-minilm.safetensors', import.meta.url)));
    const texts: string[] = JSON.parse(fixture.metadata.texts!);
    const { data } = await readAsFloat32(fixture, 'vectors');
    const theirs = texts.map((_, i) => data.slice(i * 384, (i + 1) * 384));
    const ours = await embedTexts(texts);
    for (const [i, vector] of ours.entries()) {
      expect(Math.max(...vector.map((value, j) => Math.abs(value - theirs[i]![j]!))), texts[i]!.slice(0, 40)).toBeLessThan(1e-5);
      for (const j of ours.keys()) expect(cosine(vector, ours[j]!)).toBeCloseTo(cosine(theirs[i]!, theirs[j]!), 5);
    }
    expect(cosine(ours[0]!, ours[1]!)).toBeGreaterThan(cosine(ours[0]!, ours[2]!));
  });

  it('gives a text the same bits alone and beside others', async () => {
    const texts = ['x', 'A graph of facts.', 'word '.repeat(90), 'Entities, relations and coreference, read from papers; every fact keeps its sentence.', 'x'];
    const together = await embedTexts(texts);
    for (const i of [1]) expect((await embedTexts([texts[i]!]))[0], texts[i]!).toEqual(together[i]);
    expect(await embedTexts([...texts].reverse())).toEqual([...together].reverse());
  });
});
