import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';

/** Seconds since it was first shown, counting. */
export function Elapsed(): JSX.Element {
  const seconds = useSignal(0);
  useEffect(() => {
    const timer = setInterval(() => {
      seconds.value += 1;
    }, 1000);
    return () => clearInterval(timer);
  }, [seconds]);
  return <span class="figure">{seconds.value} s</span>;
}
