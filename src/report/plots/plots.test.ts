import { describe, expect, it } from 'vitest';
import { expertUsePlot } from './expert-use.ts';
import { intervalPlot } from './intervals.ts';
import { lossPlot, spread, thinned } from './loss.ts';
import { outcomeCurvesPlot } from './outcome-curves.ts';
import { outcomeLayersPlot } from './outcome-layers.ts';
import { type NamedMark, placeNames } from './place-names.ts';
import { placeOf, routerPlot } from './router.ts';

const attributes = (svg: string, tag: string): Record<string, string>[] =>
  [...svg.matchAll(new RegExp(`<${tag} ([^>]*?) ?/>`, 'g'))].map(([, text]) =>
    Object.fromEntries([...text!.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name, value]) => [name, value])),
  );

describe('thinned', () => {
  it('keeps few points as they are, and takes means of many', () => {
    const points = Array.from({ length: 1000 }, (_, i) => ({ step: i + 1, value: i }));
    expect(thinned(points.slice(0, 240))).toEqual({ points: points.slice(0, 240), each: 1 });
    const { points: few, each } = thinned(points);
    expect(each).toBe(5);
    expect(few).toHaveLength(200);
    expect(few[0]).toEqual({ step: 5, value: 2 });
    expect(few.at(-1)).toEqual({ step: 1000, value: 997 });
  });
});

describe('spread', () => {
  it('moves only what is too near, and back from the end', () => {
    expect(spread([0, 50, 100], 15, 200)).toEqual([0, 50, 100]);
    expect(spread([50, 52, 51], 15, 200)).toEqual([50, 80, 65]);
    expect(spread([95, 100], 15, 100)).toEqual([85, 100]);
  });
});

describe('placeNames', () => {
  it('covers neither marks nor other names, and stays inside', () => {
    const frame = { left: 0, right: 600, top: 0, bottom: 300 };
    const marks: NamedMark[] = [
      { x: 590, y: 100, name: 'at the edge' },
      { x: 300, y: 100, name: 'first of two' },
      { x: 304, y: 102, name: 'second of two' },
      { x: 320, y: 104, name: 'third' },
      { x: 10, y: 5, name: 'in the corner' },
    ];
    const boxes = placeNames(marks, frame).map(({ dx, dy, anchor }, i) => {
      const { x, y, name } = marks[i]!;
      const left = x + dx - (anchor === 'end' ? name.length * 7.2 : 0);
      return { left, right: left + name.length * 7.2, top: y + dy - 8, bottom: y + dy + 8 };
    });
    for (const [i, box] of boxes.entries()) {
      expect([box.left >= 0, box.right <= 600, box.top >= 0, box.bottom <= 300]).toEqual([true, true, true, true]);
      for (const other of boxes.slice(i + 1))
        expect(box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom).toBe(false);
      for (const { x, y } of marks) expect(x > box.left && x < box.right && y > box.top && y < box.bottom).toBe(false);
    }
  });
});

describe('placeOf', () => {
  it.each([
    ['blocks.12.mlp.gate', { layer: 12, module: 'mlp.gate' }],
    ['3.attn.q', { layer: 3, module: 'attn.q' }],
    ['head', { layer: 0, module: 'head' }],
  ])('reads %s', (site, place) => expect(placeOf(site)).toEqual(place));
});

describe('plots', () => {
  it('puts figures and interval ends where their values are', async () => {
    const rows = [
      { label: 'a', after: { value: 0.5, low: 0.25, high: 1 } },
      { label: 'b', after: { value: 0.75, low: 0.75, high: 0.75 } },
    ];
    const { wide } = await intervalPlot('two', rows, { axis: 'share', scale: 'share' });
    const [a, b] = attributes(wide.text, 'circle').map(({ cx }) => Number(cx));
    const from = Number(/<line y2="[\d.]+" y1="[\d.]+" x2="([\d.]+)" x1="\1"/.exec(wide.text)![1]);
    expect((b! - from) / (a! - from)).toBeCloseTo(1.5, 2);
    const [low, high] = /d="M([\d.]+),[\d.]+L([\d.]+),/.exec(wide.text)!.slice(1).map(Number);
    expect((high! - from) / (low! - from)).toBeCloseTo(4, 2);
    expect((a! - from) / (low! - from)).toBeCloseTo(2, 2);
  });

  it('shades a cell for each expert of each linear by its share', async () => {
    const { wide } = await routerPlot(
      'shares',
      [
        { site: 'blocks.0.mlp.gate', shares: [0.8, 0.2] },
        { site: 'blocks.1.mlp.gate', shares: [0.4, 0.6] },
        { site: 'blocks.0.mlp.up', shares: [0, 0.8] },
      ],
      [1, 1],
    );
    const shades = attributes(wide.text, 'rect').map(({ fill }) => Number(/var\(--hue-1\) (\d+)%/.exec(fill!)![1]));
    expect(shades.sort((a, b) => a - b)).toEqual([0, 25, 50, 75, 100, 100]);
  });

  it('draws bars as high as the shares', async () => {
    const { wide } = await expertUsePlot('use', [{ kind: 'k', shares: [0.6, 0.3, 0.1] }], [2, 1]);
    const bars = attributes(wide.text, 'rect').map(({ height }) => Number(height));
    expect(bars).toHaveLength(3);
    expect(bars[0]! / bars[1]!).toBeCloseTo(2, 1);
    expect(bars[0]! / bars[2]!).toBeCloseTo(6, 1);
  });

  it('rings the lowest loss', async () => {
    const points = [3, 1, 2].map((value, i) => ({ step: i + 1, value }));
    const { wide, narrow } = await lossPlot('loss', [{ name: 'held out', colour: 'var(--hue-1)', points }], points[1]);
    for (const svg of [wide.text, narrow.text]) {
      const [ring] = attributes(svg, 'circle');
      const path = /d="(M[^"]+)"/.exec(svg)![1]!;
      expect(path.split('L')[1]).toBe(`${ring!['cx']},${ring!['cy']}`);
    }
  });

  it('marks layers on their curves, and keeps names of neighbours apart', async () => {
    const points = [1, 2, 3, 4].map((layer) => ({ layer, value: layer / 4, low: 0, high: 1 }));
    const { wide, narrow } = await outcomeCurvesPlot(
      'curves',
      [
        { name: 'first', index: 7, points, mark: { name: 'L1', layer: 2 } },
        { name: 'second', index: 0, points, mark: { name: 'L2', layer: null } },
      ],
      [{ index: 0, from: 1, to: 2, value: 0.5 }],
    );
    for (const svg of [wide.text, narrow.text]) {
      const [x, y] = /d="M[^"LZ]+L([\d.]+),([\d.]+)[^"Z]*"/.exec(svg)!.slice(1).map(Number);
      const ring = attributes(svg, 'circle')[0]!;
      expect([Number(ring['cx']), Number(ring['cy'])]).toEqual([expect.closeTo(x!, 1), expect.closeTo(y!, 1)]);
      expect(svg).toContain('>L1<');
      expect(svg).not.toContain('>L2<');
    }
    const near = [20, 21].map((layer, i) => ({
      name: `curve ${i}`,
      index: i,
      points: Array.from({ length: 40 }, (_, j) => ({ layer: j + 1, value: 0.5, low: 0.4, high: 0.6 })),
      mark: { name: `L${i + 1}`, layer },
    }));
    const { narrow: svg } = await outcomeCurvesPlot('near', near, []);
    const [left, right] = [...svg.text.matchAll(/<g transform="translate\((-?[\d.]+),[^<]*><text transform="translate\(([\d.]+),[^<]*>L\d</g)].map(
      ([, moved, x]) => Number(moved) + Number(x),
    );
    expect(right! - left!).toBeCloseTo(20, 1);
  });

  it('puts layers where their share of all is, and leaves out those that are not', async () => {
    const { wide } = await outcomeLayersPlot(
      'layers',
      [
        { label: 'a', layers: [0, 5, null] },
        { label: 'b', layers: [2, 5, 10] },
      ],
      10,
      [7, 0, 1],
    );
    const circles = attributes(wide.text, 'circle').map(({ cx }) => Number(cx));
    const [diamond, , square] = [...wide.text.matchAll(/Z" transform="translate\(([\d.]+),/g)].map(([, x]) => Number(x));
    expect([wide.text.match(/Z" transform/g)?.length, circles.length]).toEqual([3, 2]);
    expect((diamond! - circles[0]!) / (square! - circles[0]!)).toBeCloseTo(0.5, 2);
    expect((circles[1]! - circles[0]!) / (square! - circles[0]!)).toBeCloseTo(0.2, 2);
    expect(wide.text).toContain('>0 · 5 · –<');
  });
});
