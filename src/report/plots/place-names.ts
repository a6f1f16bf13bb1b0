/** A mark and the name that is to stand beside it; pixels. */
export interface NamedMark {
  readonly x: number;
  readonly y: number;
  readonly name: string;
}

/** Where a name stands, from its mark: pixels, y down. */
export interface NamePlace {
  readonly dx: number;
  readonly dy: number;
  readonly anchor: 'start' | 'end';
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const characterWidth = 7.2;
const half = 8;
const reach = 9;
// Beside the mark and off its lines first, then further away.
const places: readonly NamePlace[] = [-10, 12, -25, 27, -40, 42, -55, 57].flatMap((dy) => [
  { dx: reach, dy, anchor: 'start' },
  { dx: -reach, dy, anchor: 'end' },
]);

const boxOf = ({ x, y, name }: NamedMark, { dx, dy, anchor }: NamePlace): Box => {
  const width = name.length * characterWidth;
  const left = x + dx - (anchor === 'end' ? width : 0);
  return { left, right: left + width, top: y + dy - half, bottom: y + dy + half };
};

const shared = (a: Box, b: Box): number =>
  Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left)) * Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));
const outside = (box: Box, frame: Box): number =>
  Math.max(0, frame.left - box.left, 0) + Math.max(0, box.right - frame.right) + Math.max(0, frame.top - box.top) + Math.max(0, box.bottom - frame.bottom);

/** A place for each name, one after another: the first of sixteen that covers no mark and no earlier name and stays inside the frame; else the one that covers least. */
export const placeNames = (marks: readonly NamedMark[], frame: Box): NamePlace[] => {
  const taken: Box[] = marks.map(({ x, y }) => ({ left: x - 7, right: x + 7, top: y - 7, bottom: y + 7 }));
  return marks.map((mark) => {
    const cost = (place: NamePlace): number => {
      const box = boxOf(mark, place);
      return taken.reduce((sum, other) => sum + shared(box, other), 0) + 1000 * outside(box, frame);
    };
    const best = places.reduce((least, place) => (cost(place) < cost(least) ? place : least));
    taken.push(boxOf(mark, best));
    return best;
  });
};
