import { describe, expect, it } from 'vitest';
import { ConfigError, inOrder, parameter } from '../../core/index.ts';
import { trainingGraph } from './network/training-graph.ts';
import { groupsOf } from './parameter-groups.ts';
import { describeFolder } from './reader-folder.ts';
import { tinyConfig, tinyEncoder } from './testing/tiny-reader.ts';
import { type TrainingConfig, trainingConfig } from './training-config.ts';

const given = (config: TrainingConfig) => {
  const { weights: _weights, reader: _reader, ...input } = config;
  return input;
};

describe("the paper's three settings", () => {
  // The released program's table: weights of the losses, beam of relations, dropout inside the heads, learning rate.
  it.each([
    ['ner', { entity: 0.2, relation: 0.33, coreference: 1 }, 0.3, 0.2, 5e-4],
    ['coref', { entity: 0.33, relation: 0.33, coreference: 0.33 }, 0.3, 0.2, 5e-4],
    ['relation', { entity: 0, relation: 1, coreference: 0.3 }, 0.4, 0.4, 1e-3],
  ] as const)('%s', (preset, weights, ratio, hidden, rate) => {
    const config = trainingConfig({ preset });
    expect(config.weights).toEqual(weights);
    expect(config.reader).toMatchObject({ relationRatio: ratio, coreferenceRatio: 0.3, widths: 8, ffn: 150, antecedents: 250 });
    expect(config.dropout.hidden).toBe(hidden);
    expect(config.headRate).toBe(rate);
    expect(config.clipNorm).toBe(5);
    expect(config.tasks).toEqual((['entity', 'relation', 'coreference'] as const).filter((task) => weights[task] > 0));
    // They reach what is computed: the rate that the heads are updated with, the dropout between their layers, the losses there are.
    const [head, encoder] = [parameter('relation.pair.weight', [2, 2]), parameter('blocks.0.attn.q.weight', [2, 2])];
    expect(groupsOf([head, encoder], config).map(({ name, learningRate }) => [name, learningRate])).toEqual([
      ['encoder', 2e-4],
      ['heads', rate],
    ]);
    const graph = trainingGraph(tinyEncoder, tinyConfig, config.weights, config.dropout);
    expect(Object.keys(graph.parts)).toEqual(config.tasks);
    const rates = new Set(
      inOrder([graph.loss]).flatMap(({ op, attrs }) =>
        op.name === 'randomMask' ? [Math.round(((attrs as { threshold: number }).threshold / 2 ** 32) * 1e6) / 1e6] : [],
      ),
    );
    expect([...rates].sort()).toEqual([...new Set([config.dropout.encoder, config.dropout.tokens, hidden])].sort());
  });
});

describe('the configuration of a training', () => {
  it('is that of the shipped reader where nothing is said', async () => {
    const { config } = await describeFolder('scierc');
    expect(config).toEqual(trainingConfig({}).reader);
    expect(trainingConfig({})).toMatchObject({
      preset: 'all',
      weights: { entity: 1, relation: 2, coreference: 0.5 },
      encoderRate: 2e-4,
      headRate: 1e-3,
      dropout: { words: 0, encoder: 0.1, tokens: 0.2, hidden: 0.3 },
    });
  });

  it('says otherwise of rates and dropout than its preset', () => {
    const config = trainingConfig({ preset: 'ner', headRate: 2e-3, dropout: { hidden: 0.1 }, tasks: ['entity'] });
    expect(config).toMatchObject({ headRate: 2e-3, dropout: { tokens: 0.2, hidden: 0.1 }, weights: { entity: 0.2, relation: 0, coreference: 0 } });
  });

  it('as `run.json` holds it gives itself again', () => {
    for (const input of [{}, { preset: 'coref', seed: 4 }, { preset: 'relation', tasks: ['entity', 'relation'], average: null }] as const) {
      const config = trainingConfig(input as never);
      expect(trainingConfig(JSON.parse(JSON.stringify(given(config))))).toEqual(config);
    }
  });

  it('is refused where it names no preset or an unknown key', () => {
    expect(() => trainingConfig({ preset: 'best' as never })).toThrow(ConfigError);
    expect(() => trainingConfig({ preset: 'toString' as never })).toThrow(/preset/);
    expect(() => trainingConfig({ headrate: 1 } as never)).toThrow(/headrate/);
  });
});
