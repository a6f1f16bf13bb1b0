import { styleText } from 'node:util';

export interface ProgressLine {
  /** Shows `done` of `total` (unknown when undefined) and a short text of what is being done. */
  update(done: number, total: number | undefined, text: string): void;
  /** A note that stays, above the bar. */
  note(text: string): void;
  /** Takes the bar away. */
  stop(): void;
}

const barWidth = 24;

/**
 * A bar on stderr with rate and time left. It is drawn only on a terminal; notes are printed in any case unless `quiet`.
 *
 * @param unit  what is counted, in the plural: `documents`, `steps`
 * @param from  what an earlier try had done already: it tells nothing of the rate
 */
export function progressLine({
  quiet = false,
  unit,
  from = 0,
  stream = process.stderr,
}: {
  quiet?: boolean;
  unit: string;
  from?: number;
  stream?: NodeJS.WriteStream;
}): ProgressLine {
  const drawn = !quiet && stream.isTTY === true;
  const begun = performance.now();
  let last = 0;
  let current = '';
  const clear = () => drawn && current !== '' && stream.write('\r\x1b[2K');
  const draw = (line: string) => {
    clear();
    current = line;
    stream.write(line);
  };
  return {
    update(done, total, text) {
      const now = performance.now();
      if (!drawn || (now - last < 80 && done !== total)) return;
      last = now;
      const seconds = (now - begun) / 1000;
      const rate = Math.max(0, done - from) / Math.max(seconds, 1e-3);
      const share = total ? Math.min(1, done / total) : 0;
      const filled = Math.round(share * barWidth);
      const bar = total ? `${'━'.repeat(filled)}${styleText('dim', '─'.repeat(barWidth - filled))} ` : '';
      const left = total && rate > 0 ? `, ${duration((total - done) / rate)} left` : '';
      const counts = `${done}${total === undefined ? '' : `/${total}`} ${unit}, ${rate.toFixed(rate < 10 ? 1 : 0)}/s${left}`;
      const room = (stream.columns ?? 80) - 1;
      const plain = `${counts}  ${text}`;
      draw(`${bar}${plain.length > room - barWidth - 1 ? plain.slice(0, Math.max(0, room - barWidth - 2)) : plain}`);
    },
    note(text) {
      if (quiet) return;
      clear();
      stream.write(`${text}\n`);
      if (drawn && current !== '') stream.write(current);
    },
    stop() {
      clear();
      current = '';
    },
  };
}

/** `75` → `1:15`, `4000` → `1:06:40`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] === 0 ? parts.slice(1) : parts;
  return shown.map((part, i) => (i === 0 ? String(part) : String(part).padStart(2, '0'))).join(':');
}
