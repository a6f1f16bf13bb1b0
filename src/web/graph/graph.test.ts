import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitted, panned, toScreen, toWorld, zoomed } from './camera.ts';
import { forceLayout, separate, spiral } from './force-layout.ts';
import { chooseLabels } from './labels.ts';
import { type Colours, type Emphasis, makeStyles, paintStyles } from './look.ts';
import { pointGrid } from './point-grid.ts';
import { quadtree } from './quadtree.ts';
import { buildScene, connected, neighboursOf, nodeInDirection } from './scene.ts';

const size = { width: 800, height: 600 };
const coordinate = fc.double({ min: -1e4, max: 1e4, noNaN: true });
const point = fc.record({ x: coordinate, y: coordinate });
const camera = fc.record({ x: coordinate, y: coordinate, scale: fc.double({ min: 0.02, max: 10, noNaN: true }) });
const places = fc.array(fc.tuple(coordinate, coordinate), { minLength: 1, maxLength: 120 }).map((list) => Float32Array.from(list.flat()));

describe('camera', () => {
  it('goes to the screen and back', () => {
    fc.assert(
      fc.property(camera, point, (at, world) => {
        const back = toWorld(at, size, toScreen(at, size, world));
        expect(back.x).toBeCloseTo(world.x, 4);
        expect(back.y).toBeCloseTo(world.y, 4);
      }),
    );
  });
  it('keeps what is under the pointer there while zooming', () => {
    fc.assert(
      fc.property(
        camera,
        fc.record({ x: fc.integer({ min: 0, max: 800 }), y: fc.integer({ min: 0, max: 600 }) }),
        fc.double({ min: 0.2, max: 5, noNaN: true }),
        (at, pointer, factor) => {
          const under = toWorld(at, size, pointer);
          const after = toScreen(zoomed(at, size, pointer, factor), size, under);
          expect(Math.hypot(after.x - pointer.x, after.y - pointer.y)).toBeLessThan(1e-3);
        },
      ),
    );
  });
  it('undoes a move by its opposite', () => {
    fc.assert(
      fc.property(camera, coordinate, coordinate, (at, dx, dy) => {
        expect(panned(panned(at, dx, dy), -dx, -dy).x).toBeCloseTo(at.x, 3);
      }),
    );
  });
  it('shows every place when fitted, if the smallest zoom allows it', () => {
    fc.assert(
      fc.property(places, (positions) => {
        const at = fitted(positions, size);
        for (let i = 0; i < positions.length; i += 2) {
          const seen = toScreen(at, size, { x: positions[i]!, y: positions[i + 1]! });
          expect(seen.x).toBeGreaterThan(-1);
          expect(seen.x).toBeLessThan(801);
          expect(seen.y).toBeGreaterThan(-1);
          expect(seen.y).toBeLessThan(601);
        }
      }),
    );
  });
});

describe('point grid', () => {
  it('finds the same nearest point as looking at all', () => {
    fc.assert(
      fc.property(places, point, fc.double({ min: 1, max: 3e4, noNaN: true }), (positions, { x, y }, reach) => {
        const distances = Array.from({ length: positions.length / 2 }, (_, i) => Math.hypot(positions[2 * i]! - x, positions[2 * i + 1]! - y));
        const least = Math.min(...distances);
        const found = pointGrid(positions).nearest(x, y, reach);
        if (least > reach) expect(found).toBe(-1);
        else expect(distances[found]).toBe(least);
      }),
    );
  });
});

describe('quadtree', () => {
  it('repels as all pairs do when nothing is taken together', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(fc.integer({ min: -500, max: 500 }), fc.integer({ min: -500, max: 500 })), { minLength: 2, maxLength: 60, selector: String }),
        (list) => {
          const positions = Float32Array.from(list.flat());
          const masses = Float32Array.from(list, (_, i) => 1 + (i % 3));
          const tree = quadtree(list.length);
          const force = new Float32Array(positions.length);
          tree.build(positions, masses);
          tree.repel(positions, masses, force, 10, 0);
          list.forEach(([x, y], i) => {
            let expected = 0;
            list.forEach(([ox, oy], j) => {
              if (j !== i) expected += ((x - ox) * 10 * masses[j]!) / Math.max(1, (x - ox) ** 2 + (y - oy) ** 2);
            });
            expect(Math.abs(force[2 * i]! - expected)).toBeLessThan(1e-3 * (1 + Math.abs(expected)));
          });
        },
      ),
    );
  });
  it('takes many points in one place', () => {
    const positions = new Float32Array(400).fill(7);
    const masses = new Float32Array(200).fill(1);
    const force = new Float32Array(400);
    const tree = quadtree(200);
    tree.build(positions, masses);
    tree.repel(positions, masses, force, 10, 0.9);
    expect(force.every(Number.isFinite)).toBe(true);
  });
});

describe('layout', () => {
  const edges = Uint32Array.from(Array.from({ length: 80 }, (_, i) => [i, (i * 7 + 1) % 80]).flat());
  const start = () => Float32Array.from(Array.from({ length: 80 }, (_, i) => Object.values(spiral(i))).flat());
  const radii = new Float32Array(80).fill(6);
  const run = () => {
    const layout = forceLayout({ positions: start(), radii, edges, heat: 1 });
    while (layout.step());
    return layout.positions;
  };
  it('ends, with finite places, the same every time', () => {
    const first = run();
    expect(first.every(Number.isFinite)).toBe(true);
    expect(run()).toEqual(first);
  });
  it('brings neighbours nearer than strangers', () => {
    const at = run();
    const distance = (a: number, b: number) => Math.hypot(at[2 * a]! - at[2 * b]!, at[2 * a + 1]! - at[2 * b + 1]!);
    const near = Array.from({ length: 80 }, (_, e) => distance(edges[2 * e]!, edges[2 * e + 1]!)).reduce((a, b) => a + b) / 80;
    let far = 0;
    for (let a = 0; a < 80; a++) for (let b = 0; b < 80; b++) far += distance(a, b) / 6400;
    expect(near).toBeLessThan(far);
  });
  it('leaves no disc on another', () => {
    const at = Float32Array.from({ length: 100 }, (_, i) => (i % 10) * 4);
    const sizes = new Float32Array(50).fill(5);
    separate(at, sizes, 200, 2);
    for (let a = 0; a < 50; a++) for (let b = 0; b < a; b++) expect(Math.hypot(at[2 * a]! - at[2 * b]!, at[2 * a + 1]! - at[2 * b + 1]!)).toBeGreaterThan(9);
  });
});

const entity = (id: string, mentions: number) => ({ id, name: id, kind: 'Task', mentions, documents: 1, facts: 1 });
const scene = buildScene({
  entities: [entity('a', 5), entity('b', 9), entity('c', 1), entity('d', 1)],
  facts: [
    { id: 'f1', subject: 0, object: 1, relation: 'USED-FOR', support: 1, score: 1 },
    { id: 'f2', subject: 1, object: 0, relation: 'PART-OF', support: 3, score: 1 },
    { id: 'f3', subject: 1, object: 2, relation: 'USED-FOR', support: 1, score: 1 },
    { id: 'f4', subject: 2, object: 2, relation: 'COMPARE', support: 1, score: 1 },
  ],
});

describe('scene', () => {
  it('draws one line for a pair, best supported fact first', () => {
    expect(scene.widths).toHaveLength(2);
    expect(scene.facts).toEqual([['f2', 'f1'], ['f3']]);
    expect([...scene.order]).toEqual([1, 0, 2, 3]);
    expect(neighboursOf(scene, 1).sort()).toEqual([0, 2]);
    expect(neighboursOf(scene, 3)).toEqual([]);
  });
  it('leaves out what no line touches, and nothing else', () => {
    const whole = {
      entities: ['a', 'b', 'c', 'd'].map((id) => entity(id, 1)),
      facts: [{ id: 'f', subject: 3, object: 1, relation: 'USED-FOR', support: 1, score: 1 }],
    };
    const part = connected(whole);
    expect(part.entities.map(({ id }) => id)).toEqual(['b', 'd']);
    expect(part.facts).toMatchObject([{ subject: 1, object: 0 }]);
    expect(connected({ ...whole, facts: [] }).entities).toHaveLength(4);
  });
  it('goes to the neighbour that lies in a direction', () => {
    const at = Float32Array.from([0, 0, 10, 0, 20, 1, 11, 30]);
    expect(nodeInDirection(scene, at, 1, 1, 0)).toBe(2);
    expect(nodeInDirection(scene, at, 1, -1, 0)).toBe(0);
    expect(nodeInDirection(scene, at, 1, 0, 1)).not.toBe(1);
  });
});

describe('labels', () => {
  it('never cover one another, and keep what must be seen', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: -380, max: 380 }), fc.integer({ min: -280, max: 280 })), { minLength: 3, maxLength: 80 }), (list) => {
        const positions = Float32Array.from(list.flat());
        const choice = {
          positions,
          radii: new Float32Array(list.length).fill(6),
          order: Uint32Array.from(list.keys()).slice(1), // the first may have none
          widthOf: () => 60,
          always: [list.length - 1],
        };
        const placed = chooseLabels(choice, { x: 0, y: 0, scale: 1 }, size);
        expect(placed.map(({ node }) => node)).toContain(list.length - 1);
        expect(placed.map(({ node }) => node)).not.toContain(0);
        placed.forEach((a, i) => {
          for (const b of placed.slice(0, i)) if (Math.abs(a.y - b.y) < 8) expect(Math.abs(a.x - b.x)).toBeGreaterThanOrEqual(59);
        });
      }),
    );
  });
  it('come over a few frames to what they are at once where widths are learnt slowly', () => {
    const order = Uint32Array.from({ length: 60 }, (_, node) => node);
    const positions = Float32Array.from([...order].flatMap((node) => [node * 7 - 200, ((node * 37) % 300) - 150]));
    const choice = { positions, radii: new Float32Array(60).fill(6), order, always: [59] };
    const at = { x: 0, y: 0, scale: 1 };
    const whole = chooseLabels({ ...choice, widthOf: () => 60 }, at, size);
    const known = new Set<number>();
    const frame = (budget: number) =>
      chooseLabels({ ...choice, widthOf: (node) => (known.has(node) || (budget-- > 0 && known.add(node)) ? 60 : null) }, at, size);
    const first = frame(8);
    expect(first).toEqual(whole.slice(0, first.length));
    expect(first.length).toBeLessThan(whole.length);
    for (let turn = 0; turn < 8; turn++) frame(8);
    expect(frame(0)).toEqual(whole);
  });
});

describe('looks', () => {
  const shade = (value: number) => [value, value + 1, value + 2] as const;
  const colours: Colours = {
    paper: shade(0),
    ink: shade(4),
    quietInk: shade(8),
    edge: shade(12),
    accent: shade(16),
    hues: Array.from({ length: 9 }, (_, hue) => shade(100 + 10 * hue)),
  };
  it('are, node by node and line by line, what kind and emphasis say', () => {
    const node = fc.integer({ min: -1, max: 11 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(11), fc.nat(11)), { minLength: 1, maxLength: 30 }),
        fc.record({ selected: node, hovered: node, line: fc.integer({ min: -1, max: 40 }), lit: fc.option(fc.uniqueArray(fc.nat(11))) }),
        (pairs, given) => {
          const scene = buildScene({
            entities: Array.from({ length: 12 }, (_, i) => ({
              id: `${i}`,
              name: `${i}`,
              kind: ['Task', 'Method', 'Unheard'][i % 3]!,
              mentions: i,
              documents: 1,
              facts: 1,
            })),
            facts: pairs.map(([subject, object], i) => ({ id: `f${i}`, subject, object, relation: 'USED-FOR', support: 1, score: 1 })),
          });
          const emphasis: Emphasis = { ...given, line: given.line < scene.widths.length ? given.line : -1, lit: given.lit && new Set(given.lit) };
          const { selected, hovered, line, lit } = emphasis;
          const styles = makeStyles(scene);
          paintStyles(scene, colours, emphasis, styles);
          for (let i = 0; i < 12; i++) {
            const alpha = lit === null || lit.has(i) || i === hovered ? 255 : 38;
            expect([...styles.nodeColours.slice(4 * i, 4 * i + 4)]).toEqual([...colours.hues[[1, 2, 8][i % 3]!]!, alpha]);
            expect(styles.rings[i]).toBe(i === selected || i === hovered ? 255 : 0);
          }
          for (let e = 0; e < scene.widths.length; e++) {
            const [a, b] = [scene.ends[2 * e]!, scene.ends[2 * e + 1]!];
            const isNear = [a, b].some((end) => end === selected || end === hovered);
            const wanted =
              e === line
                ? [...colours.accent, 255]
                : line < 0 && isNear
                  ? [...colours.quietInk, 215]
                  : [...colours.edge, lit === null || (lit.has(a) && lit.has(b)) ? 130 : 32];
            expect([...styles.edgeColours.slice(4 * e, 4 * e + 4)]).toEqual(wanted);
          }
        },
      ),
    );
  });
});
