import { useState } from 'preact/hooks';
import { goTo, language } from '../../page/address.ts';
import { ask, runs, stepOf } from '../client.ts';
import { ExportMenu } from '../export-menu.tsx';
import type { StoredRun } from '../protocol.ts';
import { words } from '../words.ts';
import { chosenModel } from '../write/state.ts';
import { attempt, select, selected, unselect } from './state.ts';

/** The runs that are kept in the browser. */
export function RunList() {
  const say = words[language.value];
  if (runs.value.length === 0) return null;
  return (
    <section class="panel wide" aria-labelledby="kept-title">
      <h2 id="kept-title">{say.kept}</h2>
      <ul class="runs">
        {runs.value.map((run) => (
          <Run key={run.id} run={run} />
        ))}
      </ul>
    </section>
  );
}

function Run({ run }: { readonly run: StoredRun }) {
  const say = words[language.value];
  const [name, setName] = useState<string>();
  const [sure, setSure] = useState(false);
  const { id, status } = run;
  const busy = runs.value.some((other) => other.status === 'training' || other.status === 'paused');
  const open = status === 'training' || status === 'paused';
  const unfinished = status === 'interrupted' && run.step < run.recipe.maxIters;
  const isSelected = selected.value.includes(id);
  return (
    <li class={selected.value[0] === id ? 'current' : ''}>
      <label class="check">
        <input
          type="checkbox"
          aria-label={`${say.overlay}: ${run.name}`}
          checked={isSelected}
          onChange={() => (isSelected ? unselect(id) : void select(id, true))}
        />
      </label>
      {name === undefined ? (
        <button type="button" class="link name" onClick={() => void select(id)}>
          {run.name}
        </button>
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void attempt(() => ask('rename', [id, name]));
            setName(undefined);
          }}
        >
          <input
            aria-label={say.rename}
            value={name}
            onInput={({ currentTarget }) => setName(currentTarget.value)}
          />
          <button type="submit">{say.ok}</button>
        </form>
      )}
      <span class="quiet about">
        {run.recipeName} · {say.statuses[status]} · {stepOf(run)}/{run.recipe.maxIters}
        {run.bestVal !== null && ` · ${say.val} ${run.bestVal.toFixed(4)}`}
        {run.failure && <span class="failure"> {run.failure}</span>}
      </span>
      <span class="tools plain">
        {unfinished && (
          <button
            type="button"
            class="primary"
            disabled={busy}
            onClick={() =>
              void attempt(async () => {
                await ask('goOn', [id]);
                await select(id);
              })
            }
          >
            {say.goOn}
          </button>
        )}
        {run.bestVal !== null && (
          <button
            type="button"
            onClick={() => {
              chosenModel.value = `run:${id}`;
              goTo({ tab: 'write' });
            }}
          >
            {say.write}
          </button>
        )}
        {run.bestVal !== null && <ExportMenu model={`run:${id}`} onFailure={attempt} />}
        {!open && (
          <button type="button" onClick={() => setName(run.name)}>
            {say.rename}
          </button>
        )}
        {!open &&
          (sure ? (
            <button type="button" class="danger" onClick={() => void attempt(() => remove(id))}>
              {say.reallyDelete}
            </button>
          ) : (
            <button type="button" onClick={() => setSure(true)}>
              {say.delete}
            </button>
          ))}
      </span>
    </li>
  );
}

async function remove(id: string): Promise<void> {
  unselect(id);
  await ask('remove', [id]);
}
