import type { Signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { PageCell } from '../../build/chapters.ts';
import { language } from './address.ts';
import type { Editor } from './editor.ts';
import { FigureView } from './figure.tsx';
import { type Output, stop } from './kernel.ts';
import { words } from './words.ts';

/** A cell of the chapter that is open. */
export interface LiveCell {
  readonly cell: PageCell;
  readonly output: Signal<Output | undefined>;
  /** What the reader made of the source; undefined while it is as it was. */
  readonly edited: Signal<string | undefined>;
}

interface Props {
  readonly live: LiveCell;
  readonly onRun: () => void;
  readonly onRunAbove: () => void;
}

export function Cell({ live, onRun, onRunAbove }: Props) {
  const say = words[language.value];
  const { cell, edited } = live;
  const output = live.output.value;
  const [editing, setEditing] = useState(edited.value !== undefined);
  const busy = output !== undefined && output.state !== 'done';
  const reset = (): void => {
    edited.value = undefined;
    setEditing(false);
  };
  return (
    <section class="cell" aria-label={cell.id} data-cell={cell.id}>
      {editing ? (
        <EditorView live={live} onRun={onRun} />
      ) : (
        // biome-ignore lint/a11y: a region, so that wide code can be scrolled by keyboard
        <pre class="code" tabIndex={0} role="region" aria-label={`${say.code}: ${cell.id}`}>
          {/* Coloured when the page was built, from the project's own source. */}
          <code dangerouslySetInnerHTML={{ __html: cell.html }} />
        </pre>
      )}
      <div class="tools">
        {busy ? (
          <button type="button" class="primary" onClick={stop}>
            ■ {say.stop}
          </button>
        ) : (
          <button type="button" class="primary" onClick={onRun}>
            ▶ {say.run}
          </button>
        )}
        <button type="button" onClick={onRunAbove} disabled={busy}>
          {say.runAbove}
        </button>
        {editing ? (
          <button type="button" onClick={reset}>
            {say.reset}
          </button>
        ) : (
          <button type="button" onClick={() => setEditing(true)}>
            {say.edit}
          </button>
        )}
        <span class="state" role="status">
          {output &&
            (output.state === 'done' ? say.done(output.seconds.toFixed(1)) : `${say[output.state]}…`)}
        </span>
      </div>
      {output && <OutputView output={output} id={cell.id} />}
    </section>
  );
}

function OutputView({ output, id }: { readonly output: Output; readonly id: string }) {
  const say = words[language.value];
  const { failure } = output;
  return (
    <div class="output">
      {output.text !== '' && (
        // biome-ignore lint/a11y: a region, so that long output can be scrolled by keyboard
        <pre tabIndex={0} role="region" aria-label={`${say.output}: ${id}`}>
          {output.text}
        </pre>
      )}
      {failure && (
        <p class={failure.stopped ? 'note' : 'failure'} role={failure.stopped ? 'status' : 'alert'}>
          {failure.stopped ? say.stopped : failure.message}
          {failure.hint && <span class="hint">{failure.hint}</span>}
        </p>
      )}
      {output.figures.map((figure) => (
        <FigureView key={figure.name} figure={figure} />
      ))}
    </div>
  );
}

function EditorView({ live, onRun }: Pick<Props, 'live' | 'onRun'>) {
  const place = useRef<HTMLDivElement>(null);
  const run = useRef(onRun);
  run.current = onRun;
  useEffect(() => {
    let editor: Editor | undefined;
    let gone = false;
    void import('./editor.ts').then(({ openEditor }) => {
      if (gone || !place.current) return;
      editor = openEditor(place.current, {
        source: live.edited.peek() ?? live.cell.source,
        label: words[language.peek()].code,
        onChange: (source) => {
          live.edited.value = source;
        },
        onRun: () => run.current(),
      });
    });
    return () => {
      gone = true;
      editor?.close();
    };
  }, [live]);
  return <div ref={place} class="editor" />;
}
