import { useState } from 'preact/hooks';
import { goTo, language } from '../../page/address.ts';
import { ask } from '../client.ts';
import { ExportMenu } from '../export-menu.tsx';
import { chosenModel, openedModels } from '../write/state.ts';
import { addressAt, call, type RunSummary, runPath } from './server.ts';
import { attempt, choose, chosen, notice, refreshAll } from './state.ts';
import { words } from './words.ts';

/** What can be done with a run: its model is opened here, in the page. */
export function RunActions({ run }: { readonly run: RunSummary }) {
  const say = words[language.value];
  const { name, hasModel, state } = run;
  const [model, setModel] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [newName, setNewName] = useState<string>();
  const [sure, setSure] = useState(false);
  const doing = async (work: () => Promise<unknown>): Promise<void> => {
    setBusy(true);
    await attempt(work);
    setBusy(false);
  };
  /** The run's best model as it is now. */
  const open = async (): Promise<string> => {
    if (model !== undefined && state !== 'training') return model;
    const info = await ask('openModel', [name, addressAt(runPath(name, 'model.safetensors'))]);
    openedModels.value = [info, ...openedModels.value];
    setModel(info.id);
    return info.id;
  };
  const openAt = (tab: 'write' | 'look'): Promise<void> =>
    doing(async () => {
      chosenModel.value = await open();
      goTo({ tab });
    });
  const evaluate = (): Promise<void> =>
    doing(async () => {
      const id = await open();
      const loss = await ask('evaluate', [id, { kind: 'url', name, url: addressAt(runPath(name, 'text')) }]);
      notice.value = say.evaluated(name, loss.toFixed(4), Math.exp(loss).toFixed(2));
    });
  return (
    <div class="tools plain">
      {hasModel && (
        <>
          <button type="button" disabled={busy} onClick={() => void openAt('write')}>
            {say.sample}
          </button>
          <button type="button" disabled={busy} onClick={() => void openAt('look')}>
            {say.look}
          </button>
          <button type="button" disabled={busy} onClick={() => void evaluate()}>
            {say.evaluate}
          </button>
          {model === undefined ? (
            <button type="button" disabled={busy} onClick={() => void doing(open)}>
              {say.export}
            </button>
          ) : (
            <ExportMenu model={model} onFailure={doing} />
          )}
        </>
      )}
      {state !== 'training' &&
        (newName === undefined ? (
          <button type="button" onClick={() => setNewName(name)}>
            {say.rename}
          </button>
        ) : (
          <form
            class="tools plain"
            onSubmit={(event) => {
              event.preventDefault();
              void doing(async () => {
                await call(runPath(name, 'rename'), 'POST', { to: newName });
                await refreshAll();
                goTo({ tab: 'runs', run: newName });
                await choose(newName);
              });
            }}
          >
            <input
              type="text"
              aria-label={say.rename}
              value={newName}
              onInput={({ currentTarget }) => setNewName(currentTarget.value)}
            />
            <button type="submit">{say.ok}</button>
          </form>
        ))}
      {state !== 'training' &&
        (sure ? (
          <button
            type="button"
            class="danger"
            disabled={busy}
            onClick={() =>
              void doing(async () => {
                const { movedTo } = await call<{ movedTo: string }>(runPath(name, 'remove'), 'POST');
                chosen.value = chosen.value.filter((other) => other !== name);
                goTo({ tab: 'runs' });
                await refreshAll();
                notice.value = say.removed(name, movedTo);
              })
            }
          >
            {say.reallyDelete}
          </button>
        ) : (
          <button type="button" onClick={() => setSure(true)}>
            {say.delete}
          </button>
        ))}
    </div>
  );
}
