import { useEffect, useState } from 'preact/hooks';
import { language } from '../page/address.ts';
import { asFailure, FailureNote } from '../ui/failure.tsx';
import { machine, start } from './client.ts';
import type { Failure } from './protocol.ts';
import { words } from './words.ts';

const problem = { current: undefined as Failure | undefined };

/** Starts the device when a tab is opened first. */
export function useMachine(): void {
  const [, redraw] = useState(0);
  useEffect(() => {
    if (machine.peek()) return;
    start().catch((error: unknown) => {
      problem.current = asFailure(error);
      redraw(1);
    });
  }, []);
}

/** What computes, and what would make it faster. */
export function MachineLine() {
  const say = words[language.value];
  const found = machine.value;
  return (
    <aside class="machine" aria-live="polite">
      <FailureNote failure={problem.current} />
      {found && (
        <p>
          {found.device}
          {found.device === 'cpu' && `, ${say.threadCount(found.threads)}`}. {found.notes.join(' ')}{' '}
          {found.keeps ? say.keeps : say.keepsNot}
        </p>
      )}
    </aside>
  );
}
