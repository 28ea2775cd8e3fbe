import { computed, effect, signal } from '@preact/signals';
import { type Language, languages } from './words.ts';

export type Theme = 'auto' | 'light' | 'dark';

const query = new URLSearchParams(location.search);

const languageOf = (tag: string | null): Language =>
  tag && Object.hasOwn(languages, tag)
    ? (tag as Language)
    : navigator.language.startsWith('zh')
      ? 'zh'
      : 'en';

/** Who opened the page from a server's address may read and change the runs there: it names this token. */
export const token = query.get('token');

/** What the page holds, side by side. Runs are the server's. */
export const tabs = [
  'tutorial',
  'train',
  'look',
  'write',
  ...(token === null ? [] : ['runs' as const]),
] as const;

export type Tab = (typeof tabs)[number];

const tabOf = (from: URLSearchParams): Tab => tabs.find((name) => name === from.get('tab')) ?? 'tutorial';
const chapterOf = (from: URLSearchParams): number =>
  Math.max(1, Number.parseInt(from.get('chapter') ?? '1', 10) || 1);

/** Where the reader is and how they want it: all of it stands in the page's address. */
export const language = signal<Language>(languageOf(query.get('lang')));
export const tab = signal<Tab>(tabOf(query));
export const chapter = signal(chapterOf(query));
/** The run of the server that is open. */
export const run = signal(query.get('run') ?? undefined);
export const theme = signal<Theme>(
  (['light', 'dark'] as const).find((name) => name === query.get('theme')) ?? 'auto',
);

const dark = matchMedia('(prefers-color-scheme: dark)');
const systemIsDark = signal(dark.matches);
dark.addEventListener('change', ({ matches }) => {
  systemIsDark.value = matches;
});

/** The colours that are shown. */
export const shade = computed(() =>
  theme.value === 'auto' ? (systemIsDark.value ? 'dark' : 'light') : theme.value,
);

/** Where to go: a chapter of the tutorial, or a tab of the workbench beside it, there perhaps to a run of the server. */
export type Place =
  | { readonly chapter: number }
  | { readonly tab: Exclude<Tab, 'tutorial'>; readonly run?: string | undefined };

/** The address of a place with everything else as it is. */
export function addressOf(place: Place): string {
  const wanted = new URLSearchParams();
  if ('tab' in place) {
    wanted.set('tab', place.tab);
    if (place.run !== undefined) wanted.set('run', place.run);
  } else wanted.set('chapter', String(place.chapter));
  wanted.set('lang', language.value);
  if (theme.value !== 'auto') wanted.set('theme', theme.value);
  if (token !== null) wanted.set('token', token);
  return `?${wanted}`;
}

export function goTo(place: Place): void {
  history.pushState(null, '', addressOf(place));
  read(new URLSearchParams(location.search));
  scrollTo(0, 0);
}

function read(from: URLSearchParams): void {
  tab.value = tabOf(from);
  chapter.value = chapterOf(from);
  run.value = from.get('run') ?? undefined;
}

addEventListener('popstate', () => read(new URLSearchParams(location.search)));

effect(() => {
  document.documentElement.lang = language.value;
  document.documentElement.dataset.theme = shade.value;
  const open = tab.value;
  const place: Place = open === 'tutorial' ? { chapter: chapter.value } : { tab: open, run: run.value };
  history.replaceState(null, '', addressOf(place));
});
