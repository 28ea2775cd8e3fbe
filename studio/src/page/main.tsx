import { type ComponentType, render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import {
  addressOf,
  chapter,
  goTo,
  language,
  type Place,
  type Tab,
  type Theme,
  tab,
  tabs,
  theme,
} from './address.ts';
import { loadTheRest, Tutorial } from './tutorial.tsx';
import './style.css';
import './layout.css';
import './cells.css';
import './figures.css';
import { type Language, languages, words } from './words.ts';

/** The workbench's tabs, each loaded when it is first opened. */
const loaders: Readonly<Record<Exclude<Tab, 'tutorial'>, () => Promise<ComponentType>>> = {
  train: async () => (await import('../workbench/train/train-tab.tsx')).TrainTab,
  look: async () => (await import('../workbench/look/look-tab.tsx')).LookTab,
  write: async () => (await import('../workbench/write/write-tab.tsx')).WriteTab,
  runs: async () => (await import('../workbench/runs/runs-tab.tsx')).RunsTab,
};

function Page() {
  const say = words[language.value];
  const open = tab.value;
  return (
    <div class={`page ${open === 'tutorial' ? 'tutorial' : 'workbench'}`}>
      <a class="skip" href="#text">
        {say.skip}
      </a>
      <header>
        <p class="brand">
          <strong>nanobard</strong>
        </p>
        <nav class="tabs" aria-label={say.parts}>
          {tabs.map((name) => (
            <TabLink key={name} name={name} />
          ))}
        </nav>
        <Choice
          label={say.language}
          value={language.value}
          options={languages}
          onChange={(value) => {
            language.value = value as Language;
          }}
        />
        <Choice
          label={say.theme}
          value={theme.value}
          options={say.themes}
          onChange={(value) => {
            theme.value = value as Theme;
          }}
        />
      </header>
      {open === 'tutorial' ? <Tutorial /> : <Loaded key={open} name={open} />}
    </div>
  );
}

function TabLink({ name }: { readonly name: Tab }) {
  const place: Place = name === 'tutorial' ? { chapter: chapter.value } : { tab: name };
  const follow = (event: MouseEvent): void => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // another tab of the browser
    event.preventDefault();
    goTo(place);
  };
  return (
    <a href={addressOf(place)} onClick={follow} aria-current={tab.value === name ? 'page' : undefined}>
      {words[language.value].tabs[name]}
    </a>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly options: Readonly<Record<string, string>>;
  readonly onChange: (value: string) => void;
}

function Choice({ label, value, options, onChange }: ChoiceProps) {
  return (
    <label>
      <span>{label}</span>
      <select value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
        {Object.entries(options).map(([name, shown]) => (
          <option key={name} value={name} lang={Object.hasOwn(languages, name) ? name : undefined}>
            {shown}
          </option>
        ))}
      </select>
    </label>
  );
}

function Loaded({ name }: { readonly name: Exclude<Tab, 'tutorial'> }) {
  const [loaded, setLoaded] = useState<{ readonly View: ComponentType }>();
  useEffect(() => {
    document.title = `${words[language.peek()].tabs[name]} · nanobard`;
    void loaders[name]().then((View) => setLoaded({ View }));
  }, [name]);
  if (loaded) return <loaded.View />;
  return (
    <main id="text">
      <p>{words[language.value].loading}</p>
    </main>
  );
}

render(<Page />, document.getElementById('page')!);
if (tab.value === 'tutorial') {
  if ('requestIdleCallback' in globalThis) requestIdleCallback(loadTheRest);
  else setTimeout(loadTheRest, 500);
}
