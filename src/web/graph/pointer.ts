import type { Point } from './camera.ts';

export interface PointerActions {
  pan(dx: number, dy: number): void;
  zoom(at: Point, factor: number): void;
  hover(at: Point | null): void;
  click(at: Point, isTouch: boolean): void;
  open(at: Point): void;
}

const clickReach = 5;

/** Turns mouse, pen and fingers into pan, zoom, hover and click; coordinates are CSS pixels of the element. Answers how to stop. */
export function followPointer(element: HTMLElement, actions: PointerActions): () => void {
  const down = new Map<number, Point>();
  let travelled = 0;
  let fingers = 0;
  const stop = new AbortController();
  const options = { signal: stop.signal };
  const local = (event: MouseEvent): Point => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  element.addEventListener(
    'pointerdown',
    (event) => {
      if (event.button !== 0) return;
      element.setPointerCapture(event.pointerId);
      down.set(event.pointerId, local(event));
      if (down.size === 1) [travelled, fingers] = [0, 1];
      fingers = Math.max(fingers, down.size);
    },
    options,
  );
  element.addEventListener(
    'pointermove',
    (event) => {
      const at = local(event);
      const before = down.get(event.pointerId);
      if (!before) {
        if (event.pointerType !== 'touch') actions.hover(at);
        return;
      }
      down.set(event.pointerId, at);
      const others = [...down].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
      const other = others[0];
      travelled += Math.hypot(at.x - before.x, at.y - before.y);
      if (other) {
        const was = Math.hypot(before.x - other.x, before.y - other.y);
        const is = Math.hypot(at.x - other.x, at.y - other.y);
        if (was > 0) actions.zoom({ x: (at.x + other.x) / 2, y: (at.y + other.y) / 2 }, is / was);
        actions.pan((at.x - before.x) / 2, (at.y - before.y) / 2);
      } else if (travelled > clickReach) actions.pan(at.x - before.x, at.y - before.y);
    },
    options,
  );
  const lift = (event: PointerEvent) => {
    if (!down.delete(event.pointerId)) return;
    if (event.type === 'pointerup' && fingers === 1 && travelled <= clickReach) actions.click(local(event), event.pointerType === 'touch');
  };
  element.addEventListener('pointerup', lift, options);
  element.addEventListener('pointercancel', lift, options);
  element.addEventListener('pointerleave', () => actions.hover(null), options);
  element.addEventListener('dblclick', (event) => actions.open(local(event)), options);
  element.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * 16 : event.deltaY;
      actions.zoom(local(event), Math.exp(-Math.max(-120, Math.min(120, pixels)) * (event.ctrlKey ? 0.008 : 0.0022)));
    },
    { passive: false, signal: stop.signal },
  );
  return () => stop.abort();
}
