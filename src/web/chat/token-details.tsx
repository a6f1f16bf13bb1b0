import type { JSX } from 'preact';
import { Head, Section } from '../parts/inspector-parts.tsx';
import { ScrollRegion } from '../parts/scroll-region.tsx';
import { TokenBar } from '../parts/token-bar.tsx';
import { select } from '../state/route.ts';
import { counted, number } from '../state/words.ts';
import { AnswerPicture } from './answer-picture.tsx';
import { type FoundPlace, isChosen, looked, lookedAnswer } from './chosen-token.ts';
import { percentOf, probabilityOf, rankOf, spellingOf, type Token, type Unit, visible } from './tokens.ts';

/** What could have stood in a token's place, as bars. */
function Alternatives({ token }: { token: Token }): JSX.Element {
  const rank = rankOf(token);
  const left = 1 - token.top.reduce((sum, [, logprob]) => sum + Math.exp(logprob), rank === null ? Math.exp(token.logprob) : 0);
  return (
    <ol class="alternatives">
      {token.top.map(([text, logprob], index) => (
        <TokenBar key={`${index} ${text}`} text={text} probability={Math.exp(logprob)} isTaken={index + 1 === rank} />
      ))}
      {rank === null && <TokenBar text={token.text} probability={Math.exp(token.logprob)} isTaken />}
      {left > 1e-4 && (
        <li class="rest quiet">
          <span>all others together</span>
          <span class="share figure">{percentOf(left)}</span>
        </li>
      )}
    </ol>
  );
}

const ordinal = ['', 'the most probable', 'the second', 'the third', 'the fourth', 'the fifth', 'the sixth', 'the seventh', 'the eighth'];

/** "the fifth at this place". */
function rankWords({ tokens }: Unit): string {
  if (tokens.length > 1) return `for ${counted(tokens.length, 'token')} shown together`;
  const rank = rankOf(tokens[0]!);
  return rank === null ? `less probable than the ${tokens[0]!.top.length} best` : `${ordinal[rank] ?? `number ${rank}`} at this place`;
}

function PlaceDetails({ place: { answer, unit, index } }: { place: FoundPlace }): JSX.Element {
  const spelling = visible(spellingOf(unit));
  const kind = `Token ${number(index + 1)} of ${number(answer.units.length)}`;
  return (
    <>
      {isChosen.value ? (
        <Head title={spelling} kind={kind} hue={8}>
          <code>{spelling}</code>
        </Head>
      ) : (
        <header>
          <p class="kind">{kind}</p>
          <h2>
            <code>{spelling}</code>
          </h2>
        </header>
      )}
      <ScrollRegion class="content" label="About the token">
        <Section>
          <p class="headline">
            <b class="figure">{percentOf(probabilityOf(unit))}</b> <span class="quiet">{rankWords(unit)}</span>
          </p>
        </Section>
        {unit.tokens.map((token, at) => (
          <Section key={at} title={unit.tokens.length > 1 ? `part ${at + 1}` : 'what could have stood here'}>
            <Alternatives token={token} />
          </Section>
        ))}
        <Section>
          <p class="why">Probabilities as the model gave them, before temperature and top-p.</p>
        </Section>
        <Section>
          <AnswerPicture answer={answer} at={index} />
        </Section>
      </ScrollRegion>
    </>
  );
}

/** The token that is looked at; without one, the last answer as a whole. */
export function TokenDetails(): JSX.Element {
  const place = looked.value;
  const answer = lookedAnswer.value;
  return (
    <aside class="inspector" aria-label="Details of the token">
      {place ? (
        <PlaceDetails place={place} />
      ) : answer?.units.some(({ tokens }) => tokens.length > 0) ? (
        <>
          <header>
            <p class="kind">Last answer</p>
            <h2>How sure it was</h2>
          </header>
          <ScrollRegion class="content" label="About the answer">
            <Section>
              <AnswerPicture answer={answer} at={null} />
            </Section>
            <p class="hint">Point at a token, or walk through the answer with the arrow keys: what else could have stood there shows here.</p>
          </ScrollRegion>
        </>
      ) : (
        <p class="hint">
          Each token of an answer opens here: how probable it was, and what else could have stood in its place.
          {isChosen.value && (
            <button type="button" class="link" onClick={() => select(null)}>
              Close
            </button>
          )}
        </p>
      )}
    </aside>
  );
}
