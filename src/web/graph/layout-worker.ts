import { forceLayout, type LayoutInput, separate } from './force-layout.ts';

/** Positions on their way; `progress` 1 marks the last. */
export interface LayoutUpdate {
  readonly positions: Float32Array<ArrayBuffer>;
  readonly progress: number;
}

const reportEveryMs = 120;
const turnMs = 12;

/** Where positions travel to the page and back: null while the page has it, so a page that draws slowly is sent no more than it draws. */
let ferry: Float32Array<ArrayBuffer> | null = null;

addEventListener('message', ({ data }: MessageEvent<LayoutInput | Float32Array<ArrayBuffer>>) => {
  if (data instanceof Float32Array) ferry = data;
  else arrange(data);
});

const send = (positions: Float32Array<ArrayBuffer>, progress: number) =>
  postMessage({ positions, progress } satisfies LayoutUpdate, { transfer: [positions.buffer] });

function arrange(input: LayoutInput): void {
  const layout = forceLayout(input);
  ferry = new Float32Array(layout.positions.length);
  let reported = performance.now();
  // Steps are taken in turns, between which the ferry can come back.
  const turns = new MessageChannel();
  turns.port1.onmessage = () => {
    const began = performance.now();
    while (layout.step()) {
      const now = performance.now();
      if (ferry && now - reported >= reportEveryMs) {
        ferry.set(layout.positions);
        send(ferry, layout.progress * 0.99);
        [ferry, reported] = [null, now];
      }
      if (now - began >= turnMs) return turns.port2.postMessage(null);
    }
    separate(layout.positions, input.radii);
    send(new Float32Array(layout.positions), 1);
  };
  turns.port2.postMessage(null);
}
