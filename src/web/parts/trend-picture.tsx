import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { type CountedLine, type Finding, shareLines, windowFor } from '../state/trend-shares.ts';
import { counted } from '../state/words.ts';
import { Plot } from './plot.tsx';

interface Props {
  readonly error: Error | null;
  readonly isLoading: boolean;
  /** Null where nothing has come. */
  readonly finding: Finding | null;
  readonly lines: readonly CountedLine[];
  /** Said where nothing was asked. */
  readonly hint: string;
  /** What to try where no dated document says it. */
  readonly advice: string;
  /** What a share is, in the caption. */
  readonly counts: string;
  readonly yLabel: string;
  readonly csv: () => string;
  readonly onChoose: (id: string) => void;
}

/** Shares over the years as a plot, or why there is none. */
export function TrendPicture({ error, isLoading, finding, lines, hint, advice, counts, yLabel, csv, onChoose }: Props): JSX.Element {
  const width = useMemo(() => windowFor(lines), [lines]);
  const shares = useMemo(() => shareLines(lines, width).filter(({ points }) => points.length > 0), [lines, width]);
  if (error)
    return (
      <p class="trouble" role="alert">
        {error.message}
      </p>
    );
  if (!finding) return <p class="nothing">{isLoading ? 'Counting…' : hint}</p>;
  if (finding.line === null)
    return (
      <p class="nothing">
        {finding.title}. Years come from the documents; {advice}, or read documents that carry a year.
      </p>
    );
  const dated = lines.find(({ id }) => id === finding.line)?.points.reduce((sum, { of }) => sum + of, 0) ?? 0;
  return (
    <Plot
      title={finding.title}
      caption={`${counts}${width > 1 ? `; windows of ${width} years` : ''}. Band: 95 % interval of the bold line, n = ${counted(dated, 'document')}.`}
      xLabel="year of publication"
      yLabel={yLabel}
      lines={shares}
      strong={finding.line}
      csv={csv}
      onChoose={onChoose}
    />
  );
}
