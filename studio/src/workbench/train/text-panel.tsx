import { useRef, useState } from 'preact/hooks';
import { language } from '../../page/address.ts';
import { FailureNote } from '../../ui/failure.tsx';
import { whole } from '../../ui/format.ts';
import type { TextSource } from '../protocol.ts';
import { words } from '../words.ts';
import { pasted, sources, textFailure, textInfo } from './state.ts';

/** Characters of verse to try things out with. */
const PLAYS = 400_000;

const add = (more: readonly TextSource[]): void => {
  sources.value = [...sources.value, ...more];
};

const addFiles = (files: Iterable<File>): void =>
  add([...files].map((file) => ({ kind: 'file', name: file.name, file })));

/** The text to learn: pasted, dropped or chosen, as many as one likes. */
export function TextPanel() {
  const say = words[language.value];
  const chooser = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const info = textInfo.value;
  return (
    <section
      class={`panel texts ${over ? 'over' : ''}`}
      aria-labelledby="text-title"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        addFiles(event.dataTransfer?.files ?? []);
      }}
    >
      <h2 id="text-title">{say.text}</h2>
      <textarea
        class="paste"
        rows={7}
        aria-label={say.paste}
        placeholder={say.paste}
        value={pasted.value}
        onInput={({ currentTarget }) => {
          pasted.value = currentTarget.value;
        }}
      />
      <div class="tools plain">
        <button type="button" onClick={() => chooser.current?.click()}>
          {say.chooseFiles}
        </button>
        <input
          ref={chooser}
          type="file"
          class="hidden"
          aria-label={say.chooseFiles}
          tabIndex={-1}
          multiple
          accept=".txt,.md,.csv,.json,.jsonl,text/*"
          onChange={({ currentTarget }) => {
            addFiles(currentTarget.files ?? []);
            currentTarget.value = '';
          }}
        />
        <button
          type="button"
          onClick={() => add([{ kind: 'url', name: 'tinyshakespeare', url: shakespeareUrl() }])}
        >
          tinyshakespeare
        </button>
        <button
          type="button"
          onClick={() => add([{ kind: 'plays', name: 'plays', characters: PLAYS }])}
          title={say.playsHint}
        >
          {say.plays}
        </button>
      </div>
      {sources.value.length > 0 && (
        <ul class="chips">
          {sources.value.map((source, i) => (
            <li key={i}>
              {source.name}{' '}
              <button
                type="button"
                class="small"
                aria-label={`${say.remove}: ${source.name}`}
                onClick={() => {
                  sources.value = sources.value.filter((other) => other !== source);
                }}
              >
                ×
              </button>
            </li>
          ))}
        </ul>
      )}
      <FailureNote failure={textFailure.value} />
      {info && (
        <p class="quiet" role="status">
          {say.textSize(whole(info.characters), whole(info.vocabSize))} {info.notices.join(' ')}
        </p>
      )}
    </section>
  );
}

const shakespeareUrl = (): string => new URL('tinyshakespeare.txt', location.href.replace(/\?.*/, '')).href;
