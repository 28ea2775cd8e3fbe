import { useEffect, useRef, useState } from 'preact/hooks';
import { language, shade } from '../../page/address.ts';
import { visible } from '../../ui/format.ts';
import type { Look } from '../protocol.ts';
import { words } from '../words.ts';

interface Props {
  readonly look: Look;
  readonly place: number;
  readonly onPlace: (place: number) => void;
}

/** How much each token takes of those before it, by layer and head. */
export function Attention({ look, place, onPlace }: Props) {
  const say = words[language.value];
  const [layer, setLayer] = useState(0);
  const [head, setHead] = useState<number>();
  const { attention, heads, tokens } = look;
  const layers = heads > 0 ? attention.length / heads : 0;
  const shownLayer = Math.min(layer, layers - 1);
  const all = layers > 0 ? attention.slice(shownLayer * heads, (shownLayer + 1) * heads) : [];
  const one = head === undefined || head >= heads ? undefined : all[head];
  const weights = one ?? meanOf(all);
  if (!weights) return null;
  const T = tokens.length;
  const row = weights.subarray(place * T, place * T + place + 1);
  const name = one && head !== undefined ? String(head + 1) : say.allHeads;
  return (
    <section class="panel" aria-labelledby="attention-title">
      <h2 id="attention-title">{say.attention}</h2>
      <div class="tools plain">
        <label class="line">
          {say.layer}
          <select value={shownLayer} onChange={({ currentTarget }) => setLayer(Number(currentTarget.value))}>
            {Array.from({ length: layers }, (_, i) => (
              <option key={i} value={i}>
                {i + 1}
              </option>
            ))}
          </select>
        </label>
        <label class="line">
          {say.head}
          <select
            value={one ? head : -1}
            onChange={({ currentTarget }) =>
              setHead(currentTarget.value === '-1' ? undefined : Number(currentTarget.value))
            }
          >
            <option value={-1}>{say.allHeads}</option>
            {Array.from({ length: heads }, (_, i) => (
              <option key={i} value={i}>
                {i + 1}
              </option>
            ))}
          </select>
        </label>
      </div>
      <p class="attended">
        {tokens.slice(0, place + 1).map((token, i) => (
          <span key={i} class={i === place ? 'chosen' : ''} style={{ '--weight': (row[i] ?? 0).toFixed(3) }}>
            {visible(token)}
          </span>
        ))}
      </p>
      <WeightMap
        weights={weights}
        size={T}
        place={place}
        label={say.attentionMap(shownLayer + 1, name)}
        onPlace={onPlace}
      />
    </section>
  );
}

function meanOf(matrices: readonly Float32Array[]): Float32Array | undefined {
  const [first] = matrices;
  return first?.map((_, i) => matrices.reduce((sum, matrix) => sum + matrix[i]!, 0) / matrices.length);
}

interface MapProps {
  readonly weights: Float32Array;
  readonly size: number;
  readonly place: number;
  readonly label: string;
  readonly onPlace: (place: number) => void;
}

/** A square of one pixel for each pair of tokens; the row of the chosen token is framed. */
function WeightMap({ weights, size, place, label, onPlace }: MapProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const colours = shade.value;
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    const style = getComputedStyle(context.canvas);
    const [r, g, b] = channels(style.getPropertyValue('--line-1'));
    const image = context.createImageData(size, size);
    for (let i = 0; i < size * size; i++) {
      // The root brings out what is small.
      image.data.set([r, g, b, Math.round(255 * Math.sqrt(weights[i]!))], 4 * i);
    }
    context.clearRect(0, 0, size, size);
    context.putImageData(image, 0, 0);
  }, [weights, size, colours]);
  return (
    <div class="attention-map">
      <canvas
        ref={canvas}
        width={size}
        height={size}
        role="img"
        aria-label={label}
        onPointerMove={({ currentTarget, offsetY }) =>
          onPlace(Math.min(size - 1, Math.max(0, Math.floor((offsetY / currentTarget.clientHeight) * size))))
        }
      />
      <span class="row-mark" style={{ top: `${(100 * place) / size}%`, height: `${100 / size}%` }} />
    </div>
  );
}

/** `#1d5f8a` as numbers. */
function channels(colour: string): [number, number, number] {
  const value = Number.parseInt(colour.trim().slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}
