import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { save, standaloneSvg } from '../parts/save.ts';
import { counted, number } from '../state/words.ts';
import { choose } from './chosen-token.ts';
import type { Answer } from './conversation.ts';
import { percentOf, probabilityOf, spellingOf, stepOf, steps, tokensCsv, visible } from './tokens.ts';

const [width, height, left, bottom] = [318, 96, 38, 16] as const;

/** A bar a token, as high as it was probable; the one looked at stands out. Title: what the picture shows. */
export function AnswerPicture({ answer, at }: { answer: Answer; at: number | null }): JSX.Element {
  const svg = useRef<SVGSVGElement>(null);
  const places = answer.units.map((unit, index) => ({ unit, index, probability: probabilityOf(unit) })).filter(({ unit }) => unit.tokens.length > 0);
  const sure = places.filter(({ probability }) => probability >= steps[0]).length;
  const doubtful = places.reduce((least, next) => (next.probability < least.probability ? next : least), places[0]!);
  const y = (probability: number) => 4 + (1 - probability) * (height - bottom - 8);
  const step = Math.min(12, (width - left) / places.length);
  const title = `${number(sure)} of ${counted(places.length, 'token')} at 90 % or more`;
  return (
    <figure class="answer-picture">
      <figcaption>
        <h3>{title}</h3>
      </figcaption>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: by keyboard the same tokens are reached in the answer itself */}
      <svg
        ref={svg}
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={`Probability of each token, in order. ${title}; the least probable is ${visible(spellingOf(doubtful.unit))}, ${percentOf(doubtful.probability)}.`}
        onClick={({ offsetX, currentTarget }) => {
          const place = places[Math.floor(((offsetX / currentTarget.clientWidth) * width - left) / step)];
          if (place) choose({ answer: answer.id, index: place.index });
        }}
      >
        {[1, 0.5, 0].map((mark) => (
          <g key={mark}>
            <path class="grid" d={`M${left} ${y(mark)}H${width}`} />
            <text class="axis" x={left - 6} y={y(mark) + 4} text-anchor="end" font-size="10.5">
              {mark * 100} %
            </text>
          </g>
        ))}
        {places.map(({ index, probability }, order) => (
          <rect
            key={index}
            class={`step-${stepOf(probability)}${index === at ? ' here' : ''}`}
            x={left + order * step + Math.min(1, step * 0.1)}
            y={y(probability)}
            width={Math.max(0.5, step - Math.min(2, step * 0.2))}
            height={Math.max(1, y(0) - y(probability))}
          />
        ))}
        <text class="axis" x={left} y={height - 3} font-size="10.5">
          in the order of the answer
        </text>
      </svg>
      <div class="foot">
        <button type="button" class="button plain" onClick={() => save('tokens.csv', 'text/csv', tokensCsv(answer.units))}>
          Save CSV
        </button>
        <button type="button" class="button plain" onClick={() => svg.current && save('tokens.svg', 'image/svg+xml', standaloneSvg(svg.current))}>
          Save SVG
        </button>
      </div>
    </figure>
  );
}
