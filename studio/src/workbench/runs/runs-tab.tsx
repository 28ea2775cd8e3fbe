import { useEffect } from 'preact/hooks';
import { language, run as runInAddress } from '../../page/address.ts';
import { loadPlot } from '../../ui/load-plot.ts';
import { useMachine } from '../machine-line.tsx';
import '../fields.css';
import '../style.css';
import '../table.css';
import { RunDetails } from './run-details.tsx';
import { RunTable } from './run-table.tsx';
import { connected, listing, watch } from './server.ts';
import { choose, chosen, filter, refreshAll, shown } from './state.ts';
import { Told } from './told.tsx';
import { words } from './words.ts';

/** The runs of the folder that the server shows, live while they are trained. */
export function RunsTab() {
  const say = words[language.value];
  useMachine();
  useEffect(() => {
    void loadPlot();
    return watch(refreshAll);
  }, []);
  const known = listing.value !== undefined;
  const wanted = runInAddress.value;
  useEffect(() => {
    if (known && wanted !== undefined && !chosen.peek().includes(wanted)) void choose(wanted);
  }, [known, wanted]);
  const found = listing.value;
  return (
    <main id="text" tabIndex={-1} class="bench">
      <h1>{say.title}</h1>
      <p class="lead">
        {found ? say.lead(found.folder, found.runs.length) : say.loading}
        {found?.runs.length === 0 && ` ${say.none}`}
      </p>
      {!connected.value && (
        <p class="failure" role="alert">
          {say.lost}
        </p>
      )}
      {chosen.value.length === 0 && <Told />}
      {found && found.runs.length > 0 && (
        <div class="panel">
          <label class="line">
            <span>{say.filter}</span>
            <input
              type="text"
              value={filter.value}
              onInput={({ currentTarget }) => {
                filter.value = currentTarget.value;
              }}
            />
          </label>
          <RunTable runs={shown.value} />
        </div>
      )}
      <RunDetails />
    </main>
  );
}
