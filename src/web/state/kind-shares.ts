import { type CountedLine, capital, csvOf, type Finding, findingOf } from './trend-shares.ts';
import type { KindTrends } from './types.ts';
import { oneOf, relationNames, relationWords } from './words.ts';

/** A line for each relation, which keeps its hue when it is shown alone. */
export const kindLines = ({ series }: Pick<KindTrends, 'series'>): CountedLine[] =>
  series.map(({ relation, points }) => {
    const place = relationNames.indexOf(relation);
    return { id: relation, name: relationWords(relation), hue: place < 0 ? 8 : place + 1, points };
  });

/** The finding about two kinds; `asked` is the one relation that was asked about, '' for any. */
export function kindFinding(trends: KindTrends, asked: string): Finding {
  const [subject, object] = [oneOf(trends.subject), oneOf(trends.object)];
  return (
    findingOf(kindLines(trends), ({ name }) => `${capital(subject)} ${name} ${object}`, `the documents that name ${object}`) ?? {
      title: `No dated document says ${asked ? `that ${subject} ${relationWords(asked)} ${object}` : `how ${subject} relates to ${object}`}`,
      line: null,
    }
  );
}

/** The figures behind the plot, a line a year and relation, single years as counted. */
export const kindTrendsCsv = ({ subject, object, series }: KindTrends): string =>
  csvOf(
    'subject,relation,object,year,documents,of,share',
    series.flatMap(({ relation, points }) => points.map(({ year, documents, of, share }) => [subject, relation, object, year, documents, of, share])),
  );
