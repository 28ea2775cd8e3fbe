import type { SamplingRule } from 'nanobard';
import { useEffect, useRef, useState } from 'preact/hooks';
import { language } from '../../page/address.ts';
import { NumberField } from '../../ui/field.tsx';
import { ask } from '../client.ts';
import { ModelChoice } from '../model-choice.tsx';
import type { Candidate, WriteOptions, Written, WrittenToken } from '../protocol.ts';
import { words } from '../words.ts';
import { Distribution } from './distribution.tsx';
import { chosenModel, currentModel, prompt } from './state.ts';
import { WrittenText } from './written-text.tsx';

interface Props {
  readonly number: number;
  readonly attempt: (run: () => Promise<unknown>) => Promise<void>;
}

/** What one writes: what it began with, the tokens since. */
interface Text {
  readonly prompt: string;
  readonly start: readonly number[];
  readonly tokens: readonly WrittenToken[];
}

/** A model with its way of drawing, and what it writes. */
export function Column({ number, attempt }: Props) {
  const say = words[language.value];
  const [own, setOwn] = useState<string>();
  const model = number === 1 ? currentModel.value : (own ?? currentModel.value);
  const [temperature, setTemperature] = useState(0.8);
  const [topK, setTopK] = useState(0);
  const [topP, setTopP] = useState(1);
  const [length, setLength] = useState(300);
  const [stop, setStop] = useState('');
  const [text, setText] = useState<Text>();
  const [ended, setEnded] = useState<Written>();
  const [next, setNext] = useState<readonly Candidate[]>([]);
  const controller = useRef<AbortController | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const rule: SamplingRule = { temperature, ...(topK > 0 && { topK }), ...(topP < 1 && { topP }) };
  const after = text && [...text.start, ...text.tokens.map(({ token }) => token)];
  const place = after && text.prompt === prompt.value ? after : undefined;

  // The distribution of what comes next, redrawn as the sliders move.
  useEffect(() => {
    if (!model || busy) return;
    let gone = false;
    const timer = setTimeout(() => {
      void attempt(async () => {
        const options = { model, prompt: prompt.peek(), ...(place && { after: place }), ...rule };
        const found = await ask('candidates', [options]);
        if (!gone) setNext(found);
      });
    }, 60);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [model, prompt.value, place?.length, place?.at(-1), temperature, topK, topP, busy]);

  const write = async (from: Text | undefined, tokens: number): Promise<void> => {
    if (!model) return;
    controller.current = new AbortController();
    setBusy(true);
    setEnded(undefined);
    const before = from?.tokens ?? [];
    const made: WrittenToken[] = [...before];
    const began = { prompt: prompt.peek(), start: from?.start ?? [] };
    if (!from) setText({ ...began, tokens: [] });
    let drawn = 0;
    const options: WriteOptions = {
      ...{ model, prompt: prompt.peek(), tokens, ...rule },
      stop: stop === '' ? [] : [stop.replaceAll('\\n', '\n')],
      seed: Math.floor(Math.random() * 2 ** 31),
      ...(from && { after: [...from.start, ...before.map(({ token }) => token)] }),
    };
    await attempt(async () => {
      const result = await ask('write', [options], {
        signal: controller.current!.signal,
        emit: (token: WrittenToken) => {
          made.push(token);
          if (performance.now() - drawn < 40) return;
          drawn = performance.now();
          setText({ ...began, tokens: [...made] });
        },
      });
      setText({
        prompt: began.prompt,
        start: from ? from.start : result.prompt,
        tokens: made,
      });
      setEnded(result);
    });
    setBusy(false);
  };

  /** Puts another token in the place of one, and what followed is written anew. */
  const replace = (index: number, { token, text: shown, probability, raw }: Candidate): void => {
    if (!text) return;
    const candidates = text.tokens[index]?.candidates ?? next;
    const chosen: WrittenToken = { token, text: shown, probability, raw, candidates };
    const tokens = [...text.tokens.slice(0, index), chosen];
    setText({ ...text, tokens });
    if (index < text.tokens.length) void write({ ...text, tokens }, Math.max(1, length - tokens.length));
  };

  return (
    <section class="panel" aria-label={`${say.write} ${number}`}>
      <ModelChoice
        value={model}
        onFailure={attempt}
        onChange={(id) => {
          if (number === 1) chosenModel.value = id;
          else setOwn(id);
          setText(undefined);
        }}
      />
      {model && (
        <>
          <div class="fields">
            <NumberField
              label={say.temperature}
              value={temperature}
              min={0}
              max={2}
              step={0.05}
              onInput={setTemperature}
            />
            <NumberField
              label={say.topK}
              value={topK}
              min={0}
              max={50}
              onInput={(k) => setTopK(Math.max(0, Math.round(k)))}
            />
            <NumberField
              label={say.topP}
              value={topP}
              min={0.05}
              max={1}
              step={0.01}
              onInput={(p) => setTopP(Math.min(1, Math.max(0.01, p)))}
            />
            <NumberField
              label={say.length}
              value={length}
              min={1}
              max={2000}
              onInput={(n) => setLength(Math.max(1, Math.round(n)))}
            />
            <div class="field">
              <label for={`stop-${number}`}>{say.stopText}</label>
              <input
                id={`stop-${number}`}
                type="text"
                value={stop}
                placeholder="\n\n"
                onInput={({ currentTarget }) => setStop(currentTarget.value)}
              />
            </div>
          </div>
          <div class="tools plain">
            {busy ? (
              <button type="button" class="primary" onClick={() => controller.current?.abort()}>
                ■ {say.stop}
              </button>
            ) : (
              <>
                <button type="button" class="primary large" onClick={() => void write(undefined, length)}>
                  ▶ {say.write}
                </button>
                <button type="button" onClick={() => void write(place ? text : undefined, 1)}>
                  {say.oneToken}
                </button>
                {place && (
                  <button type="button" onClick={() => void write(text, length)}>
                    {say.goOnWriting}
                  </button>
                )}
              </>
            )}
            {ended && text && (
              <span class="quiet" role="status">
                {say.ended[ended.stopped]}{' '}
                {say.speed((text.tokens.length / Math.max(ended.seconds, 1e-3)).toFixed(0))}
              </span>
            )}
          </div>
          <WrittenText prompt={text?.prompt ?? ''} tokens={text?.tokens ?? []} onReplace={replace} />
          <Distribution
            candidates={next}
            onChoose={(candidate) => {
              if (place && text) replace(text.tokens.length, candidate);
              else prompt.value += candidate.text;
            }}
          />
        </>
      )}
    </section>
  );
}
