import { describe, expect, it } from 'vitest';
import { fit, printed } from '../examples/fit-a-line.ts';

describe('examples', () => {
  it('fit-a-line finds the line', async () => {
    const { weight, loss } = await fit(200);
    expect(weight[0]).toBeCloseTo(3, 3);
    expect(weight[1]).toBeCloseTo(-2, 3);
    expect(loss).toBeLessThan(1e-6);
    expect(printed).toContain('matmul');
  });
});
