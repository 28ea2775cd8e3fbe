import { signal } from '@preact/signals';
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { PageChapter, Prose } from '../../build/chapters.ts';
import { loadPlot } from '../ui/load-plot.ts';
import { addressOf, chapter, goTo, language } from './address.ts';
import { Cell, type LiveCell } from './cell.tsx';
import { load, names, titleOf } from './chapters.ts';
import { busy, device, type Output, restarted, run } from './kernel.ts';
import { words } from './words.ts';

/** Cells of chapters that were open, with what they printed: going back finds them as they were. */
const kept = new Map<string, readonly LiveCell[]>();

function liveCells(name: string, { cells }: PageChapter): readonly LiveCell[] {
  let live = kept.get(name);
  if (!live) {
    live = cells.map((cell) => ({
      cell,
      output: signal<Output | undefined>(undefined),
      edited: signal<string | undefined>(undefined),
    }));
    kept.set(name, live);
  }
  return live;
}

async function runCells(name: string, cells: readonly LiveCell[]): Promise<void> {
  const runs: Promise<Output>[] = [];
  for (const { cell, edited, output } of cells) {
    const show = (value: Output): void => {
      output.value = value;
    };
    let { code } = cell;
    if (edited.value !== undefined) {
      try {
        code = (await import('./editor.ts')).compileCell(edited.value).code;
      } catch (error) {
        show({
          state: 'done',
          text: '',
          figures: [],
          seconds: 0,
          failure: { message: String(error), stopped: false },
        });
        return;
      }
    }
    runs.push(run(name, code, show));
  }
  await Promise.all(runs);
}

/** The chapters, what is open of them, and what computes. */
export function Tutorial() {
  return (
    <>
      <nav class="side" aria-label={words[language.value].chapters}>
        <ol>
          {names.map((name, i) => (
            <li key={name}>
              <ChapterLink number={i + 1} />
            </li>
          ))}
        </ol>
      </nav>
      <Chapter />
      <Machine />
    </>
  );
}

function ChapterLink({ number, children }: { readonly number: number; readonly children?: string }) {
  const follow = (event: MouseEvent): void => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // another tab
    event.preventDefault();
    goTo({ chapter: number });
  };
  const title = titleOf(names[number - 1]!, language.value);
  return (
    <a
      href={addressOf({ chapter: number })}
      onClick={follow}
      aria-current={number === chapter.value && !children ? 'page' : undefined}
    >
      {children && <span class="way">{children} </span>}
      {number} {title}
    </a>
  );
}

function Chapter() {
  const say = words[language.value];
  const number = Math.min(chapter.value, names.length);
  const name = names[number - 1]!;
  const tag = language.value;
  const [loaded, setLoaded] = useState<{
    readonly key: string;
    readonly cells: PageChapter;
    readonly prose: Prose;
  }>();
  useEffect(() => {
    let gone = false;
    void load(name, tag).then(([cells, prose]) => {
      if (!gone) setLoaded({ key: `${name} ${tag}`, cells, prose });
    });
    return () => {
      gone = true;
    };
  }, [name, tag]);
  if (loaded?.key !== `${name} ${tag}`)
    return (
      <main id="text">
        <p>{say.loading}</p>
      </main>
    );
  return (
    <ChapterText key={loaded.key} name={name} number={number} cells={loaded.cells} prose={loaded.prose} />
  );
}

interface ChapterTextProps {
  readonly name: string;
  readonly number: number;
  readonly cells: PageChapter;
  readonly prose: Prose;
}

function ChapterText({ name, number, cells, prose }: ChapterTextProps) {
  const say = words[language.value];
  const live = useMemo(() => liveCells(name, cells), [name, cells]);
  useEffect(() => {
    document.title = `${prose.title} · nanobard`;
  }, [prose]);
  return (
    <main id="text" tabIndex={-1}>
      <h1>
        <span class="number">{number}</span> {prose.title}
      </h1>
      <p class="all">
        <button type="button" onClick={() => void runCells(name, live)} disabled={busy.value > 0}>
          ▶ {say.runAll}
        </button>
      </p>
      {prose.parts.map((part, i) => {
        if ('html' in part)
          return <div key={i} class="prose" dangerouslySetInnerHTML={{ __html: part.html }} />;
        const place = live.findIndex(({ cell }) => cell.id === part.cell);
        return (
          <Cell
            key={part.cell}
            live={live[place]!}
            onRun={() => void runCells(name, [live[place]!])}
            onRunAbove={() => void runCells(name, live.slice(0, place))}
          />
        );
      })}
      <footer class="ways">
        {number > 1 && <ChapterLink number={number - 1}>{`← ${say.previous}`}</ChapterLink>}
        {number < names.length && <ChapterLink number={number + 1}>{`${say.next} →`}</ChapterLink>}
      </footer>
    </main>
  );
}

/** What computes, and what would make it faster. */
function Machine() {
  const say = words[language.value];
  return (
    <aside class="machine" aria-live="polite">
      {restarted.value && <p>{say.restarted}</p>}
      {device.value && (
        <p>
          {device.value.name}, {say.device(device.value.threads)}. {device.value.notes.join(' ')}
        </p>
      )}
    </aside>
  );
}

/** Loads what reading the chapter that is open does not need. */
export function loadTheRest(): void {
  void loadPlot();
}
