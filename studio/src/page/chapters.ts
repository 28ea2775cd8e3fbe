import type { PageChapter, Prose } from '../../build/chapters.ts';
import type { Language } from './words.ts';

const folder = '../../../tutorial/chapters/';

const cells = import.meta.glob<PageChapter>('../../../tutorial/chapters/[1-9]*.ts', {
  query: '?chapter',
  import: 'default',
});
const prose = import.meta.glob<Prose>('../../../tutorial/chapters/[1-9]*.md', {
  query: '?prose',
  import: 'default',
});

const titles = import.meta.glob<string>('../../../tutorial/chapters/[1-9]*.md', {
  query: '?title',
  import: 'default',
  eager: true,
});

/** The names of the chapters' files, in order: `1-data`, `2-batches`, … */
export const names: readonly string[] = Object.keys(cells)
  .map((path) => path.slice(folder.length, -'.ts'.length))
  .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));

/** A chapter's cells and its text in a language. */
export async function load(name: string, language: Language): Promise<[PageChapter, Prose]> {
  return Promise.all([cells[`${folder}${name}.ts`]!(), prose[`${folder}${name}.${language}.md`]!()]);
}

/** A chapter's title; all are there from the beginning, for the list of chapters. */
export const titleOf = (name: string, language: Language): string =>
  titles[`${folder}${name}.${language}.md`]!;
