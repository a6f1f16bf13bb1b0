import { forceLayout, type LayoutInput, separate } from './force-layout.ts';

/** Positions on their way; `progress` 1 marks the last. */
export interface LayoutUpdate {
  readonly positions: Float32Array;
  readonly progress: number;
}

const reportEveryMs = 120;

addEventListener('message', ({ data }: MessageEvent<LayoutInput>) => {
  const layout = forceLayout(data);
  let reported = performance.now();
  while (layout.step()) {
    if (performance.now() - reported < reportEveryMs) continue;
    reported = performance.now();
    postMessage({ positions: layout.positions.slice(), progress: layout.progress * 0.99 } satisfies LayoutUpdate);
  }
  separate(layout.positions, data.radii);
  postMessage({ positions: layout.positions, progress: 1 } satisfies LayoutUpdate);
});
