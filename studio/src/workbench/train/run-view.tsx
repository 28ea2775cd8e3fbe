import type { CurveData } from 'nanobard';
import { useMemo, useState } from 'preact/hooks';
import { language } from '../../page/address.ts';
import { colourOf, lossLines, smoothed } from '../../ui/curves.ts';
import { NumberField } from '../../ui/field.tsx';
import { duration, whole } from '../../ui/format.ts';
import { LossPlot } from '../../ui/loss-plot.tsx';
import { type Line, Plot } from '../../ui/plot.tsx';
import { ask, curves, runs, stepOf } from '../client.ts';
import type { StoredRun } from '../protocol.ts';
import { words } from '../words.ts';
import { attempt, select, selected } from './state.ts';

/** The runs that are looked at: how they stand, their curves, what the first of them wrote on the way. */
export function RunView() {
  const [first, ...others] = selected.value.flatMap((id) => runs.value.find((run) => run.id === id) ?? []);
  if (!first) return null;
  return (
    <section class="panel wide" aria-labelledby="run-title">
      <RunHead run={first} />
      <Charts runs={[first, ...others]} />
      <Samples curve={curves.value[first.id]} />
    </section>
  );
}

function RunHead({ run }: { readonly run: StoredRun }) {
  const say = words[language.value];
  const { id, status, name, recipe } = run;
  const curve = curves.value[id];
  const step = stepOf(run);
  const live = status === 'training' || status === 'paused';
  const rate = curve?.steps.tokensPerSecond.at(-1);
  const left =
    rate && curve?.start ? ((recipe.maxIters - step) * curve.start.tokensPerStep) / rate : undefined;
  return (
    <>
      <h2 id="run-title">{name}</h2>
      <div class="tools plain">
        {status === 'training' && (
          <button type="button" onClick={() => void attempt(() => ask('pause', []))}>
            ❚❚ {say.pause}
          </button>
        )}
        {status === 'paused' && (
          <button type="button" class="primary" onClick={() => void attempt(() => ask('goOn', [id]))}>
            ▶ {say.goOn}
          </button>
        )}
        {live && (
          <button type="button" onClick={() => void attempt(() => ask('stop', []))}>
            ■ {say.stop}
          </button>
        )}
        {!live && <Fork run={run} />}
        <span class="quiet" role="status">
          {say.statuses[status]} · {say.step} {whole(step)} / {whole(recipe.maxIters)}
          {live && rate !== undefined && ` · ${whole(rate)} ${say.tokensPerSecond}`}
          {live && left !== undefined && ` · ${say.left(duration(left))}`}
        </span>
      </div>
      <progress max={recipe.maxIters} value={step} aria-label={say.step} />
      {run.failure && (
        <p class="failure" role="alert">
          {run.failure}
        </p>
      )}
    </>
  );
}

/** Goes on from where a run stands, as a run of its own, with other numbers. */
function Fork({ run }: { readonly run: StoredRun }) {
  const say = words[language.value];
  const [open, setOpen] = useState(false);
  const [maxIters, setMaxIters] = useState(2 * run.recipe.maxIters);
  const [learningRate, setLearningRate] = useState(run.recipe.learningRate);
  const busy = runs.value.some(({ status }) => status === 'training' || status === 'paused');
  if (!open)
    return (
      <button type="button" aria-expanded="false" disabled={busy} onClick={() => setOpen(true)}>
        {say.fork}
      </button>
    );
  return (
    <form
      class="fields fork"
      onSubmit={(event) => {
        event.preventDefault();
        setOpen(false);
        void attempt(async () => {
          const fork = await ask('fork', [run.id, `${run.name} +`, { maxIters, learningRate }]);
          await select(fork);
          await select(run.id, true);
        });
      }}
    >
      <NumberField
        label={say.fields.maxIters ?? 'maxIters'}
        value={maxIters}
        min={run.step + 1}
        max={10 * run.recipe.maxIters}
        onInput={setMaxIters}
      />
      <NumberField
        label={say.fields.learningRate ?? 'learningRate'}
        value={learningRate}
        min={0.0001}
        max={0.05}
        step={0.0001}
        onInput={setLearningRate}
      />
      <button type="submit" class="primary">
        {say.fork}
      </button>
    </form>
  );
}

const small = ['learningRate', 'gradNorm', 'tokensPerSecond'] as const;

function Charts({ runs: shown }: { readonly runs: readonly StoredRun[] }) {
  const say = words[language.value];
  const [log, setLog] = useState(false);
  const [smoothing, setSmoothing] = useState(0.9);
  const named = shown.flatMap(({ id, name }) => {
    const curve = curves.value[id];
    return curve ? [{ name, curve }] : [];
  });
  const { baselines } = shown[0]!;
  const lines = useMemo(
    () => lossLines(named, say, { smoothing, baselines }),
    [curves.value, smoothing, say, named.length, shown[0]?.id],
  );
  const detail = (what: (typeof small)[number]): Line[] =>
    named.map(({ name, curve: { steps } }, i) => ({
      label: named.length === 1 ? say[what] : name,
      colour: colourOf(i),
      x: steps.step,
      y: what === 'learningRate' ? steps[what] : smoothed(steps[what], smoothing),
      width: 1.5,
    }));
  const details = useMemo(
    () => small.map((what) => ({ what, lines: detail(what) })),
    [curves.value, smoothing, say, named.length, shown[0]?.id],
  );
  if (named.length === 0) return null;
  const last = named.map(({ name, curve: { steps, evals } }) => {
    const val = evals.at(-1)?.val.toFixed(4) ?? '–';
    return `${name}: ${say.step} ${steps.step.at(-1) ?? 0}, ${say.trainLoss} ${steps.loss.at(-1)?.toFixed(4) ?? '–'}, ${say.val} ${val}`;
  });
  return (
    <>
      <LossPlot
        lines={lines}
        told={last}
        height={300}
        log={log}
        onLog={setLog}
        smoothing={smoothing}
        onSmoothing={setSmoothing}
      />
      <div class="small-charts">
        {details.map(({ what, lines }) => (
          <figure key={what}>
            <figcaption>{say[what]}</figcaption>
            <Plot label={say[what]} xLabel={say.step} lines={lines} height={130} legend={false} />
          </figure>
        ))}
      </div>
    </>
  );
}

function Samples({ curve }: { readonly curve: CurveData | undefined }) {
  const say = words[language.value];
  if (!curve || curve.samples.length === 0) return null;
  return (
    <>
      <h3>{say.samples}</h3>
      {/* biome-ignore lint/a11y: a region, so that it can be scrolled by keyboard */}
      <div class="side-by-side" tabIndex={0} role="region" aria-label={say.samples}>
        {curve.samples.map(({ step, text }) => (
          <figure key={step}>
            <figcaption>
              {say.step} {whole(step)}
            </figcaption>
            <pre>{text.trim()}</pre>
          </figure>
        ))}
      </div>
    </>
  );
}
