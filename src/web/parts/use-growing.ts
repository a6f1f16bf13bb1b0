import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

const step = 8;

/** How many of a list to draw now: a few more each frame, until it is all of them. */
export function useGrowing(total: number): number {
  const shown = useSignal(step);
  const isAll = shown.value >= total;
  useEffect(() => {
    if (isAll) return;
    const frame = requestAnimationFrame(() => {
      shown.value += step;
    });
    return () => cancelAnimationFrame(frame);
  }, [shown, shown.value, isAll]);
  return Math.min(total, shown.value);
}
