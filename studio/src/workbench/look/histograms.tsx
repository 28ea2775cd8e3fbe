import type { Histogram } from 'nanobard';
import { useEffect, useRef, useState } from 'preact/hooks';
import { language, shade } from '../../page/address.ts';
import { short } from '../../ui/plot.tsx';
import { ask } from '../client.ts';
import type { Snapshot } from '../protocol.ts';
import { words } from '../words.ts';

interface Props {
  readonly run: string;
  /** Changes with each evaluation. */
  readonly evaluations: number;
}

/** How a parameter's weights and gradients were distributed at each evaluation. */
export function Histograms({ run, evaluations }: Props) {
  const say = words[language.value];
  const [snapshots, setSnapshots] = useState<readonly Snapshot[]>([]);
  const [chosen, setChosen] = useState<string>();
  useEffect(() => {
    let gone = false;
    // A run that was deleted meanwhile has none.
    void ask('snapshots', [run])
      .then((found) => !gone && setSnapshots(found))
      .catch(() => {});
    return () => {
      gone = true;
    };
  }, [run, evaluations]);
  const last = snapshots.at(-1);
  if (!last) return null;
  const names = Object.keys(last.weights);
  const name = chosen !== undefined && names.includes(chosen) ? chosen : names[0]!;
  return (
    <section class="panel" aria-labelledby="histograms-title">
      <h2 id="histograms-title">{say.histograms}</h2>
      <label class="line">
        {say.parameter}
        <select value={name} onChange={({ currentTarget }) => setChosen(currentTarget.value)}>
          {names.map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </select>
      </label>
      <p class="quiet">{say.histogramNote}</p>
      <div class="columns">
        {(['weights', 'gradients'] as const).map((kind) => {
          const rows = snapshots.flatMap(({ step, [kind]: all }) => {
            const histogram = all[name];
            return histogram ? [{ step, histogram }] : [];
          });
          return rows.length > 0 && <Strips key={kind} title={say[kind]} rows={rows} />;
        })}
      </div>
    </section>
  );
}

interface StripsProps {
  readonly title: string;
  readonly rows: readonly { readonly step: number; readonly histogram: Histogram }[];
}

function Strips({ title, rows }: StripsProps) {
  const say = words[language.value];
  return (
    <figure class="strips">
      <figcaption>{title}</figcaption>
      {rows.map(({ step, histogram }) => (
        <div class="strip" key={step}>
          <span>
            {say.step} {step}
          </span>
          <Strip
            histogram={histogram}
            label={`${title}, ${say.step} ${step}: ${say.rms} ${short(histogram.rms)}`}
          />
          <span class="number">{short(histogram.rms)}</span>
        </div>
      ))}
    </figure>
  );
}

function Strip({ histogram, label }: { readonly histogram: Histogram; readonly label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { counts } = histogram;
  const colours = shade.value;
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    const [width, height] = [counts.length * 8, 36];
    const top = Math.max(...counts);
    context.clearRect(0, 0, width, height);
    context.fillStyle = getComputedStyle(context.canvas).getPropertyValue('--line-1');
    for (const [i, count] of counts.entries()) {
      const bar = height * Math.sqrt(count / Math.max(1, top)); // the root brings out what is rare
      context.fillRect(8 * i, height - bar, 7, bar);
    }
  }, [counts, colours]);
  return <canvas ref={canvas} width={counts.length * 8} height={36} role="img" aria-label={label} />;
}
