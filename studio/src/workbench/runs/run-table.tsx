import { goTo, language } from '../../page/address.ts';
import type { RunSummary } from './server.ts';
import { choose, chosen } from './state.ts';
import { words } from './words.ts';

/** One line for each run; those that are checked are drawn together. */
export function RunTable({ runs }: { readonly runs: readonly RunSummary[] }) {
  const say = words[language.value];
  return (
    // biome-ignore lint/a11y: a region, so that a wide table can be scrolled by keyboard
    <div class="table" tabIndex={0} role="region" aria-label={say.title}>
      <table>
        <thead>
          <tr>
            <th scope="col">{say.draw}</th>
            <th scope="col">{say.run}</th>
            <th scope="col">{say.state}</th>
            <th scope="col">{say.recipe}</th>
            <th scope="col">{say.text}</th>
            <th scope="col" class="number">
              {say.step}
            </th>
            <th scope="col" class="number">
              {say.loss}
            </th>
            <th scope="col" class="number">
              {say.best}
            </th>
            <th scope="col">{say.began}</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <Row key={run.name} run={run} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ run }: { readonly run: RunSummary }) {
  const say = words[language.value];
  const { name, state, config, step, loss, bestVal, began } = run;
  const isChosen = chosen.value.includes(name);
  return (
    <tr class={chosen.value[0] === name ? 'current' : ''}>
      <td>
        <input
          type="checkbox"
          aria-label={`${say.draw}: ${name}`}
          checked={isChosen}
          onChange={() => {
            if (isChosen) chosen.value = chosen.value.filter((other) => other !== name);
            else void choose(name, true);
          }}
        />
      </td>
      <th scope="row">
        <button
          type="button"
          class="link"
          onClick={() => {
            goTo({ tab: 'runs', run: name });
            void choose(name);
          }}
        >
          {name}
        </button>
      </th>
      <td class={state === 'diverged' || state === 'damaged' ? 'failure' : ''}>{say.states[state]}</td>
      <td>{config?.recipeName}</td>
      <td>{config?.data.name}</td>
      <td class="number">
        {step}
        {config && `/${config.recipe.maxIters}`}
      </td>
      <td class="number">{loss?.toFixed(4)}</td>
      <td class="number">{bestVal?.toFixed(4)}</td>
      <td>{new Date(began).toLocaleString(language.value, { dateStyle: 'short', timeStyle: 'short' })}</td>
    </tr>
  );
}
