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

/** Where the reader is and how they want it: all of it stands in the page's address. */
export const language = signal<Language>(languageOf(query.get('lang')));
export const chapter = signal(Math.max(1, Number.parseInt(query.get('chapter') ?? '1', 10) || 1));
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

/** The address of a chapter with everything else as it is. */
export function addressOf(number: number): string {
  const wanted = new URLSearchParams({ chapter: String(number), lang: language.value });
  if (theme.value !== 'auto') wanted.set('theme', theme.value);
  return `?${wanted}`;
}

export function goTo(number: number): void {
  history.pushState(null, '', addressOf(number));
  chapter.value = number;
  scrollTo(0, 0);
}

addEventListener('popstate', () => {
  chapter.value = Number(new URLSearchParams(location.search).get('chapter') ?? 1);
});

effect(() => {
  document.documentElement.lang = language.value;
  document.documentElement.dataset.theme = shade.value;
  history.replaceState(null, '', addressOf(chapter.value));
});
