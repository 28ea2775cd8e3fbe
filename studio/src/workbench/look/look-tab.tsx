import { useEffect, useState } from 'preact/hooks';
import { language } from '../../page/address.ts';
import { asFailure, FailureNote } from '../../ui/failure.tsx';
import { ask, curves, runs } from '../client.ts';
import { MachineLine, useMachine } from '../machine-line.tsx';
import { ModelChoice } from '../model-choice.tsx';
import type { Failure, Look, EmbeddingMap as Map2d } from '../protocol.ts';
import { words } from '../words.ts';
import '../fields.css';
import '../style.css';
import '../table.css';
import './look.css';
import { chosenModel, currentModel, models } from '../write/state.ts';
import { Attention } from './attention.tsx';
import { EmbeddingMap } from './embedding-map.tsx';
import { Histograms } from './histograms.tsx';
import { TokenDetails } from './token-details.tsx';
import { Tokens } from './tokens.tsx';

/** How often a model that learns is looked at anew, in ms. */
const FOLLOW_EVERY = 2000;

/** What a model makes of a text, token by token, while it learns too. */
export function LookTab() {
  const say = words[language.value];
  useMachine();
  const model = currentModel.value;
  /** What the reader typed; until then an example. */
  const [typed, setTyped] = useState<string>();
  const [example, setExample] = useState<string>();
  const text = typed ?? example;
  const [look, setLook] = useState<Look>();
  const [map, setMap] = useState<Map2d>();
  const [failure, setFailure] = useState<Failure>();
  const [place, setPlace] = useState(0);
  const [follow, setFollow] = useState(true);
  const [turn, setTurn] = useState(0);
  const run = runs.value.find(({ id }) => model === `run:${id}`);
  const live = run?.status === 'training';

  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    setFailure(undefined);
    await work().catch((error: unknown) => setFailure(asFailure(error)));
  };

  useEffect(() => {
    setExample(undefined);
    if (!model) return;
    void attempt(async () => {
      try {
        setExample(await ask('example', [model]));
      } catch (error) {
        setExample('');
        throw error;
      }
    });
  }, [model]);

  useEffect(() => {
    if (!model || text === undefined) return;
    let gone = false;
    const timer = setTimeout(async () => {
      try {
        const found = await ask('look', [model, text]);
        const mapped = await ask('embeddings', [model]);
        if (gone) return;
        setLook(found);
        setMap(mapped);
        setPlace((before) => Math.min(before, found.tokens.length - 1));
        setFailure(undefined);
      } catch (error) {
        if (!gone) setFailure(asFailure(error));
      }
    }, 150);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [model, text, turn]);

  // After each look, whatever came of it: a look may take longer than that.
  useEffect(() => {
    if (!live || !follow) return;
    const timer = setTimeout(() => setTurn((before) => before + 1), FOLLOW_EVERY);
    return () => clearTimeout(timer);
  }, [live, follow, look, failure]);

  return (
    <main id="text" tabIndex={-1} class="bench">
      <h1>{say.lookTitle}</h1>
      <p class="lead">{models.value.length > 0 ? say.lookLead : say.noModels}</p>
      <FailureNote failure={failure} />
      <ModelChoice
        value={model}
        onFailure={attempt}
        onChange={(id) => {
          chosenModel.value = id;
        }}
      />
      {model && (
        <label class="line block">
          <span>{say.lookText}</span>
          {/* What is typed before the example comes would be mixed with it. */}
          <textarea
            rows={2}
            value={text}
            readOnly={text === undefined}
            onInput={({ currentTarget }) => setTyped(currentTarget.value)}
          />
        </label>
      )}
      {live && (
        <label class="check">
          <input type="checkbox" checked={follow} onChange={() => setFollow(!follow)} /> {say.follow}
        </label>
      )}
      {model && look && (
        <>
          <Tokens look={look} place={place} onPlace={setPlace} />
          <div class="columns">
            <TokenDetails look={look} place={place} />
            <Attention look={look} place={place} onPlace={setPlace} />
          </div>
          {map && <EmbeddingMap map={map} chosen={look.tokens[place]} />}
        </>
      )}
      {run && <Histograms run={run.id} evaluations={curves.value[run.id]?.evals.length ?? 0} />}
      <MachineLine />
    </main>
  );
}
