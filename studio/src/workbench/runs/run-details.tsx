import { useMemo, useState } from 'preact/hooks';
import { language } from '../../page/address.ts';
import { lossLines } from '../../ui/curves.ts';
import { LossPlot } from '../../ui/loss-plot.tsx';
import { words as benchWords } from '../words.ts';
import { RunActions } from './run-actions.tsx';
import { listing, type RunSummary, serverCurves } from './server.ts';
import { chosen, differences } from './state.ts';
import { Told } from './told.tsx';
import { words } from './words.ts';

/** The runs that are looked at: curves, in what their recipes differ, and what can be done with the first. */
export function RunDetails() {
  const say = words[language.value];
  const runs = chosen.value.flatMap((name) => listing.value?.runs.find((run) => run.name === name) ?? []);
  const [first] = runs;
  if (!first) return null;
  return (
    <section class="panel wide" aria-labelledby="details-title">
      <h2 id="details-title">{first.name}</h2>
      <p class={first.state === 'diverged' || first.state === 'damaged' ? 'failure' : 'quiet'}>
        {say.why[first.state](first.step)} {first.problem} {first.warning}
      </p>
      <RunActions key={first.name} run={first} />
      <Told />
      <Curves runs={runs} />
      <Comparison runs={runs} />
      <Samples name={first.name} />
    </section>
  );
}

function Curves({ runs }: { readonly runs: readonly RunSummary[] }) {
  const say = benchWords[language.value];
  const [log, setLog] = useState(false);
  const [smoothing, setSmoothing] = useState(0.9);
  const named = runs.flatMap(({ name }) => {
    const curve = serverCurves.value[name];
    return curve && curve.steps.step.length > 0 ? [{ name, curve }] : [];
  });
  const lines = useMemo(
    () => lossLines(named, say, { smoothing }),
    [serverCurves.value, named.map(({ name }) => name).join('\n'), smoothing, say],
  );
  if (named.length === 0) return null;
  const told = named.map(
    ({ name, curve: { steps } }) => `${name}: ${steps.step.at(-1)}, ${steps.loss.at(-1)?.toFixed(4)}`,
  );
  return (
    <LossPlot
      lines={lines}
      told={told}
      height={320}
      log={log}
      onLog={setLog}
      smoothing={smoothing}
      onSmoothing={setSmoothing}
    />
  );
}

/** In what the recipes differ; of one run, all of it. */
function Comparison({ runs }: { readonly runs: readonly RunSummary[] }) {
  const say = words[language.value];
  if (runs.length === 1) {
    const recipe = Object.entries(runs[0]?.config?.recipe ?? {});
    if (recipe.length === 0) return null;
    return (
      <details>
        <summary>{say.recipe}</summary>
        <dl class="facts">
          {recipe.map(([field, value]) => (
            <div key={field}>
              <dt>{field}</dt>
              <dd>{String(value)}</dd>
            </div>
          ))}
        </dl>
      </details>
    );
  }
  const rows = differences(runs);
  return (
    <>
      <h3>{rows.length === 0 ? say.noDifference : say.difference}</h3>
      {rows.length > 0 && (
        // biome-ignore lint/a11y: a region, so that a wide table can be scrolled by keyboard
        <div class="table" tabIndex={0} role="region" aria-label={say.difference}>
          <table>
            <thead>
              <tr>
                <td />
                {runs.map(({ name }) => (
                  <th scope="col" key={name}>
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(([field, values]) => (
                <tr key={field}>
                  <th scope="row">{field}</th>
                  {values.map((value, i) => (
                    <td key={runs[i]?.name}>{value}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

function Samples({ name }: { readonly name: string }) {
  const say = benchWords[language.value];
  const samples = serverCurves.value[name]?.samples ?? [];
  return (
    <>
      {samples.map(({ step, text }) => (
        <figure key={step}>
          <figcaption>
            {say.step} {step}
          </figcaption>
          <pre class="sample">{text.trim()}</pre>
        </figure>
      ))}
    </>
  );
}
