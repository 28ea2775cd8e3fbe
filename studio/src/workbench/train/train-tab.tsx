import { useEffect } from 'preact/hooks';
import { language } from '../../page/address.ts';
import { FailureNote } from '../../ui/failure.tsx';
import { loadPlot } from '../../ui/load-plot.ts';
import { runs } from '../client.ts';
import { MachineLine, useMachine } from '../machine-line.tsx';
import { words } from '../words.ts';
import '../fields.css';
import '../style.css';
import { RecipePanel } from './recipe-panel.tsx';
import { RunList } from './run-list.tsx';
import { RunView } from './run-view.tsx';
import { failure, select, selected } from './state.ts';
import { TextPanel } from './text-panel.tsx';

/** A text of one's own, trained on in the browser. */
export function TrainTab() {
  const say = words[language.value];
  useMachine();
  useEffect(() => {
    void loadPlot();
  }, []);
  const newest = runs.value[0];
  useEffect(() => {
    if (newest && selected.peek().length === 0) void select(newest.id);
  }, [newest?.id]);
  return (
    <main id="text" tabIndex={-1} class="bench">
      <h1>{say.trainTitle}</h1>
      <p class="lead">{say.trainLead}</p>
      <FailureNote failure={failure.value} />
      <div class="columns">
        <TextPanel />
        <RecipePanel />
      </div>
      <RunView />
      <RunList />
      <MachineLine />
    </main>
  );
}
