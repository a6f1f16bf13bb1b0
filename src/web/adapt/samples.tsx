import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import { Icon } from '../parts/icons.tsx';
import { ScrollRegion } from '../parts/scroll-region.tsx';
import type { Look } from '../state/types.ts';
import { counted, number } from '../state/words.ts';
import { forgetData, isLooking, lookTrouble } from './adapt-state.ts';

/** Samples are shown with the marks of the model's template. */
const asSeen = signal(false);

const roleWords: Readonly<Record<string, string>> = {
  user: 'asks',
  assistant: 'answers',
  system: 'is told',
  developer: 'is told',
  tool: 'a tool says',
  text: 'text',
};
const shapeWords: Readonly<Record<string, string>> = { chat: 'chat', instruction: 'instruction', preference: 'preference', text: 'text' };

function SampleCard({ sample }: { sample: Look['first'][number] }): JSX.Element {
  const { line, shape, kind, turns, tokens, seen, problem } = sample;
  return (
    <li class="sample">
      <p class="sample-head">
        <span>line {number(line)}</span>
        <span>{shapeWords[shape] ?? shape}</span>
        {kind !== null && <span class="state">{kind}</span>}
        {tokens !== null && <span class="figure">{counted(tokens, 'token')}</span>}
        {problem && <span class="problem">{problem}</span>}
      </p>
      {asSeen.value && seen.length > 0 ? (
        <p class="as-seen">
          {seen.map(({ text, learnt }, i) =>
            learnt ? (
              <mark key={i} class="learnt">
                {text}
              </mark>
            ) : (
              text
            ),
          )}
        </p>
      ) : (
        turns.map(({ role, content, learnt }, i) => (
          <div key={i} class={`sample-turn ${role}`}>
            <span class="who">{roleWords[role] ?? role}</span>
            {learnt ? <mark class="learnt said">{content}</mark> : <span class="said">{content}</span>}
          </div>
        ))
      )}
    </li>
  );
}

function Problems({ look }: { look: Look }): JSX.Element | null {
  const { skipped, duplicates, renamed, unusable, shapes } = look;
  const notes = [
    duplicates > 0 && `${counted(duplicates, 'sample')} ${duplicates === 1 ? 'stands' : 'stand'} twice.`,
    renamed > 0 && `${counted(renamed, 'id')} ${renamed === 1 ? 'stands' : 'stand'} twice; the later ones are renamed.`,
    shapes.length > 1 && 'The file mixes shapes; each sample is learnt by its own.',
  ].filter((note): note is string => typeof note === 'string');
  return (
    <>
      {unusable && (
        <p class="trouble" role="alert">
          {unusable}
        </p>
      )}
      {lookTrouble.value && (
        <p class="trouble" role="alert">
          {lookTrouble.value}
        </p>
      )}
      {notes.length > 0 && <p class="quiet small">{notes.join(' ')}</p>}
      {skipped.count > 0 && (
        <details class="skips">
          <summary>
            {counted(skipped.count, 'line')} {skipped.count === 1 ? 'is' : 'are'} left out
          </summary>
          <ul>
            {skipped.lines.map(({ line, reason }) => (
              <li key={`${line} ${reason}`}>
                <b>line {number(line)}</b> — {reason}
              </li>
            ))}
            {skipped.count > skipped.lines.length && <li>and {number(skipped.count - skipped.lines.length)} more</li>}
          </ul>
        </details>
      )}
    </>
  );
}

/** What was recognised, in figures and in samples: the learnt words stand out. */
export function Samples({ look }: { look: Look }): JSX.Element {
  const hasSeen = look.first.some(({ seen }) => seen.length > 0);
  return (
    <ScrollRegion class="samples-view" label="Samples">
      <div class="review-head">
        <div>
          <h1>{look.name}</h1>
          <p class="quiet">
            {counted(look.samples, 'sample')}: {look.shapes.map(({ shape, samples }) => `${number(samples)} ${shapeWords[shape] ?? shape}`).join(', ')}
            {isLooking.value && ' · looking again …'}
          </p>
        </div>
        <button type="button" class="button" onClick={forgetData}>
          <Icon name="close" size={14} /> Another file
        </button>
      </div>
      {look.kinds.length > 0 && (
        <ul class="kinds" aria-label="Kinds of samples">
          {look.kinds.map(({ kind, samples }, i) => (
            <li key={kind}>
              <i class={`dot hue-${(i % 8) + 1}`} /> {kind} <span class="figure quiet">{number(samples)}</span>
            </li>
          ))}
        </ul>
      )}
      <Problems look={look} />
      <div class="samples-bar">
        <h2>{look.first.length === look.samples ? 'The samples' : `${number(look.first.length)} of ${number(look.samples)}`}</h2>
        <span class="small quiet">
          <mark class="learnt">marked</mark> is learnt, the rest is only read
        </span>
        {hasSeen && (
          <button
            type="button"
            class="chip"
            aria-pressed={asSeen.value}
            onClick={() => {
              asSeen.value = !asSeen.peek();
            }}
          >
            As the model sees them
          </button>
        )}
      </div>
      <ul class="sample-list">
        {look.first.map((sample) => (
          <SampleCard key={sample.id} sample={sample} />
        ))}
      </ul>
    </ScrollRegion>
  );
}
