import { useState } from 'preact/hooks';
import { language } from '../../page/address.ts';
import { asFailure, FailureNote } from '../../ui/failure.tsx';
import { MachineLine, useMachine } from '../machine-line.tsx';
import type { Failure } from '../protocol.ts';
import { words } from '../words.ts';
import '../fields.css';
import '../style.css';
import './write.css';
import { Column } from './column.tsx';
import { models, prompt } from './state.ts';

/** Models write on from a prompt: one, or two side by side. */
export function WriteTab() {
  const say = words[language.value];
  useMachine();
  const [two, setTwo] = useState(false);
  const [failure, setFailure] = useState<Failure>();
  const attempt = async (run: () => Promise<unknown>): Promise<void> => {
    setFailure(undefined);
    try {
      await run();
    } catch (error) {
      setFailure(asFailure(error));
    }
  };
  return (
    <main id="text" tabIndex={-1} class="bench">
      <h1>{say.writeTitle}</h1>
      <p class="lead">{models.value.length > 0 ? say.writeLead : say.noModels}</p>
      <FailureNote failure={failure} />
      <label class="line block">
        <span>{say.prompt}</span>
        <textarea
          rows={2}
          value={prompt.value}
          onInput={({ currentTarget }) => {
            prompt.value = currentTarget.value;
          }}
        />
      </label>
      <label class="check">
        <input type="checkbox" checked={two} onChange={() => setTwo(!two)} /> {say.sideBySide}
      </label>
      <div class={two ? 'columns' : ''}>
        <Column number={1} attempt={attempt} />
        {two && <Column number={2} attempt={attempt} />}
      </div>
      <MachineLine />
    </main>
  );
}
