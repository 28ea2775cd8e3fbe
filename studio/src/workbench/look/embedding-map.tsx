import { language } from '../../page/address.ts';
import { visible } from '../../ui/format.ts';
import type { EmbeddingMap as Map2d } from '../protocol.ts';
import { words } from '../words.ts';

interface Props {
  readonly map: Map2d;
  /** A token to point out. */
  readonly chosen: string | undefined;
}

const [WIDTH, HEIGHT, MARGIN] = [1000, 520, 24];

/** Tokens where their embeddings place them: what is used alike lies together. */
export function EmbeddingMap({ map, chosen }: Props) {
  const say = words[language.value];
  const { labels, points, shares } = map;
  const places = labels.map((label, i) => ({ label, x: points[2 * i]!, y: points[2 * i + 1]! }));
  const scale = (of: (place: (typeof places)[number]) => number, length: number) => {
    const values = places.map(of);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return (value: number): number =>
      MARGIN + ((length - 2 * MARGIN) * (value - low)) / Math.max(1e-9, high - low);
  };
  const [x, y] = [scale((place) => place.x, WIDTH), scale((place) => place.y, HEIGHT)];
  return (
    <section class="panel" aria-labelledby="map-title">
      <h2 id="map-title">{say.map}</h2>
      <svg class="embeddings" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img">
        <title>{say.map}</title>
        {places.map((place, i) => (
          <text
            key={i}
            x={x(place.x)}
            y={HEIGHT - y(place.y)}
            class={place.label === chosen ? 'chosen' : kindOf(place.label)}
          >
            {visible(place.label)}
          </text>
        ))}
      </svg>
      <p class="quiet">{say.mapNote((100 * (shares[0] + shares[1])).toFixed(0))}</p>
    </section>
  );
}

function kindOf(label: string): string {
  if (/^[aeiouyAEIOUY]$/.test(label)) return 'vowel';
  if (/^\p{Lu}/u.test(label)) return 'upper';
  return /^\p{L}/u.test(label) ? 'lower' : 'other';
}
