import { type Camera, fitted, type Point, panned, type Size, toScreen, toWorld, zoomed } from './camera.ts';
import { chooseLabels } from './labels.ts';
import { type Colours, type Emphasis, makeStyles, paintStyles, type Styles } from './look.ts';
import { type PointGrid, pointGrid } from './point-grid.ts';
import { followPointer } from './pointer.ts';
import { createRenderer, nodeScaleAt } from './renderer.ts';
import type { Scene } from './scene.ts';

export interface PictureActions {
  /** A node, a line, or neither was clicked. */
  choose(chosen: { readonly node: number } | { readonly line: number } | null): void;
  /** A node was opened (double click). */
  open(node: number): void;
}

/** The graph on its canvases; draws only when something changed. */
export interface Picture extends Disposable {
  setScene(scene: Scene, positions: Float32Array): void;
  /** Takes a copy. */
  setPositions(positions: Float32Array): void;
  setEmphasis(emphasis: Omit<Emphasis, 'hovered'>): void;
  setColours(colours: Colours): void;
  fit(): void;
  zoomBy(factor: number): void;
  panBy(dx: number, dy: number): void;
  /** Brings a node into view if it is not. */
  show(node: number): void;
  readonly positions: Float32Array;
  readonly camera: Camera;
}

const glideMs = 150;
const longestLabel = 44;
/** The first look at a name takes the browser long, so a crowd of new labels comes over a few frames. */
const measuredAFrame = 32;
const font = '12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const chosenFont = `600 ${font}`;

/** Null where the browser cannot draw (no WebGL 2). */
export function createPicture(canvas: HTMLCanvasElement, words: HTMLCanvasElement, actions: PictureActions, isCalm: () => boolean): Picture | null {
  const renderer = createRenderer(canvas);
  const pen = words.getContext('2d');
  if (!renderer || !pen) return null;
  let size: Size = { width: canvas.clientWidth, height: canvas.clientHeight };
  let ratio = devicePixelRatio;
  let camera: Camera = { x: 0, y: 0, scale: 1 };
  let scene: Scene | null = null;
  let positions = new Float32Array(0);
  let styles: Styles | null = null;
  let colours: Colours | null = null;
  let grid: PointGrid | null = null;
  let emphasis: Emphasis = { selected: -1, hovered: -1, line: -1, lit: null };
  let widths = new Float32Array(0);
  let unmeasured = 0;
  let hasMoved = false;
  let isStale = false;
  /** Lit nodes, largest first; null: all nodes. */
  let litOrder: Uint32Array | null = null;
  let frame = 0;
  let glide: { from: Camera; to: Camera; began: number } | null = null;

  const label = (node: number): string => {
    const name = scene!.names[node]!;
    return name.length > longestLabel ? `${name.slice(0, longestLabel - 1)}…` : name;
  };
  const widthOf = (node: number): number | null => {
    if (widths[node] === 0) {
      unmeasured += 1;
      if (unmeasured > measuredAFrame) return null;
      pen.font = font;
      widths[node] = pen.measureText(label(node)).width + 2;
    }
    return widths[node]!;
  };

  function drawWords(): void {
    unmeasured = 0;
    pen!.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen!.clearRect(0, 0, size.width, size.height);
    if (!scene || !colours) return;
    const { lit, selected, hovered } = emphasis;
    const always = [selected, hovered].filter((node) => node >= 0);
    const { radii } = scene;
    if (lit && !litOrder) litOrder = Uint32Array.from(lit).sort((a, b) => radii[b]! - radii[a]! || a - b);
    const placed = chooseLabels({ positions, radii, order: litOrder ?? scene.order, widthOf, always }, camera, size, size.width < 500 ? 30 : 70);
    if (unmeasured > measuredAFrame) invalidate();
    pen!.textBaseline = 'middle';
    pen!.lineJoin = 'round';
    pen!.lineWidth = 3.5;
    pen!.strokeStyle = `rgb(${colours.paper.join(' ')} / 90%)`;
    pen!.fillStyle = `rgb(${colours.ink.join(' ')})`;
    for (const { node, x, y } of placed.reverse()) {
      pen!.font = node === selected ? chosenFont : font;
      pen!.strokeText(label(node), x, y + 0.5);
      pen!.fillText(label(node), x, y + 0.5);
    }
  }

  function draw(now: number): void {
    frame = 0;
    if (glide) {
      const part = Math.min(1, (now - glide.began) / glideMs);
      const eased = 1 - (1 - part) ** 3;
      const mix = (a: number, b: number) => a + (b - a) * eased;
      camera = { x: mix(glide.from.x, glide.to.x), y: mix(glide.from.y, glide.to.y), scale: mix(glide.from.scale, glide.to.scale) };
      if (part < 1) invalidate();
      else glide = null;
    }
    if (isStale) repaint();
    renderer!.draw(camera, size, ratio);
    drawWords();
  }
  function invalidate(): void {
    frame ||= requestAnimationFrame(draw);
  }
  function move(to: Camera, gently: boolean): void {
    glide = gently && !isCalm() ? { from: camera, to, began: performance.now() } : null;
    if (!glide) camera = to;
    invalidate();
  }

  function repaint(): void {
    if (!scene || !styles || !colours) return;
    isStale = false;
    paintStyles(scene, colours, emphasis, styles);
    renderer!.setNodes({ radii: scene.radii, colours: styles.nodeColours, rings: styles.rings });
    renderer!.setLineColours(styles.edgeColours);
  }
  /** Has colours made anew with the next frame. */
  function restyle(): void {
    isStale = true;
    invalidate();
  }

  function nodeAt(at: Point, reach: number): number {
    if (!scene) return -1;
    grid ??= pointGrid(positions);
    const world = toWorld(camera, size, at);
    const grow = nodeScaleAt(camera.scale);
    const widest = (24 * grow + reach) / camera.scale;
    return grid.nearest(world.x, world.y, widest, (node, distance) => distance * camera.scale <= scene!.radii[node]! * grow + reach);
  }
  function lineAt(at: Point, reach: number): number {
    if (!scene) return -1;
    const world = toWorld(camera, size, at);
    let best = -1;
    let bestDistance = reach / camera.scale;
    for (let line = 0; line < scene.widths.length; line++) {
      const a = scene.ends[2 * line]!;
      const b = scene.ends[2 * line + 1]!;
      const [ax, ay] = [positions[2 * a]!, positions[2 * a + 1]!];
      const [dx, dy] = [positions[2 * b]! - ax, positions[2 * b + 1]! - ay];
      const part = Math.max(0, Math.min(1, ((world.x - ax) * dx + (world.y - ay) * dy) / (dx * dx + dy * dy || 1)));
      const distance = Math.hypot(world.x - ax - part * dx, world.y - ay - part * dy);
      if (distance < bestDistance) [best, bestDistance] = [line, distance];
    }
    return best;
  }
  function hover(node: number): void {
    if (node === emphasis.hovered) return;
    emphasis = { ...emphasis, hovered: node };
    canvas.style.cursor = node >= 0 ? 'pointer' : '';
    restyle();
  }

  const release = followPointer(canvas, {
    pan(dx, dy) {
      hasMoved = true;
      glide = null;
      move(panned(camera, dx, dy), false);
    },
    zoom(at, factor) {
      hasMoved = true;
      move(zoomed(camera, size, at, factor), false);
    },
    hover: (at) => hover(at ? nodeAt(at, 3) : -1),
    click(at, isTouch) {
      const node = nodeAt(at, isTouch ? 12 : 4);
      if (node >= 0) return actions.choose({ node });
      const line = lineAt(at, isTouch ? 10 : 5);
      actions.choose(line >= 0 ? { line } : null);
    },
    open(at) {
      const node = nodeAt(at, 4);
      if (node >= 0) actions.open(node);
    },
  });

  const resizing = new ResizeObserver(() => {
    const wasFitted = !hasMoved;
    size = { width: canvas.clientWidth, height: canvas.clientHeight };
    ratio = devicePixelRatio;
    for (const each of [canvas, words]) {
      each.width = Math.max(1, Math.round(size.width * ratio));
      each.height = Math.max(1, Math.round(size.height * ratio));
    }
    if (wasFitted) camera = fitted(positions, size);
    // Drawn at once: waiting for a frame would show an empty canvas.
    draw(performance.now());
  });
  resizing.observe(canvas);

  return {
    setScene(next, at) {
      scene = next;
      styles = makeStyles(next);
      widths = new Float32Array(next.ids.length);
      emphasis = { selected: -1, hovered: -1, line: -1, lit: null };
      litOrder = null;
      const targetRadii = Float32Array.from(next.widths, (_, line) => next.radii[next.ends[2 * line + 1]!]!);
      renderer.setLines({ ends: next.ends, widths: next.widths, targetRadii });
      this.setPositions(at);
      restyle();
    },
    setPositions(at) {
      if (positions.length === at.length) positions.set(at);
      else positions = new Float32Array(at);
      grid = null;
      renderer.setPositions(positions);
      if (!hasMoved) camera = fitted(positions, size);
      invalidate();
    },
    setEmphasis(next) {
      emphasis = { ...next, hovered: emphasis.hovered };
      litOrder = null;
      restyle();
    },
    setColours(next) {
      colours = next;
      const unit = ([r, g, b]: readonly [number, number, number]) => [r / 255, g / 255, b / 255] as const;
      renderer.setPalette({ paper: unit(next.paper), mark: unit(next.ink) });
      restyle();
    },
    fit() {
      hasMoved = false;
      move(fitted(positions, size), true);
    },
    zoomBy(factor) {
      hasMoved = true;
      move(zoomed(camera, size, { x: size.width / 2, y: size.height / 2 }, factor), true);
    },
    panBy(dx, dy) {
      hasMoved = true;
      move(panned(camera, dx, dy), false);
    },
    show(node) {
      if (2 * node + 1 >= positions.length) return;
      const world = { x: positions[2 * node]!, y: positions[2 * node + 1]! };
      const at = toScreen(camera, size, world);
      const margin = Math.min(80, size.width / 5);
      const isSeen = at.x > margin && at.x < size.width - margin && at.y > margin / 2 && at.y < size.height - margin / 2;
      if (isSeen && camera.scale > 0.25) return;
      hasMoved = true;
      move({ ...world, scale: Math.max(camera.scale, 0.6) }, true);
    },
    get positions() {
      return positions;
    },
    get camera() {
      return glide?.to ?? camera;
    },
    [Symbol.dispose]() {
      cancelAnimationFrame(frame);
      resizing.disconnect();
      release();
      renderer[Symbol.dispose]();
    },
  };
}
