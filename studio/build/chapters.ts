// Vite's side of the chapters: `…/3-bigram.ts?chapter` is its cells, `…/3-bigram.en.md?prose` the text around
// them, `…?title` its title.

import { readFile } from 'node:fs/promises';
import { javascriptLanguage } from '@codemirror/lang-javascript';
import { highlightCode, tagHighlighter, tags } from '@lezer/highlight';
import katex from 'katex';
import { Marked } from 'marked';
import type { Plugin } from 'vite';
import { type CompiledCell, compileCell } from '../src/kernel/cell.ts';
import { cellsOf } from '../src/kernel/chapter.ts';

/** A cell as the page is given it. */
export interface PageCell extends CompiledCell {
  readonly id: string;
  readonly source: string;
  /** The source in colours. */
  readonly html: string;
}

export interface PageChapter {
  readonly cells: readonly PageCell[];
}

/** Prose in order, with the cells between it. */
export interface Prose {
  readonly title: string;
  readonly parts: readonly ({ readonly html: string } | { readonly cell: string })[];
}

export function chapters(): Plugin {
  return {
    name: 'nanobard-chapters',
    async load(id) {
      const [path, query] = id.split('?') as [string, string?];
      const give = (value: object | string): string => `export default ${JSON.stringify(value)};`;
      if (query === 'chapter') {
        this.addWatchFile(path);
        return give(chapterOf(await readFile(path, 'utf8')));
      }
      if (query === 'title') {
        this.addWatchFile(path);
        return give(titleOf(await readFile(path, 'utf8')));
      }
      if (query === 'prose') {
        this.addWatchFile(path);
        const module = path.replace(/\.(en|zh)\.md$/, '.ts');
        return give(proseOf(await readFile(path, 'utf8'), await readFile(module, 'utf8')));
      }
      return undefined;
    },
  };
}

export function chapterOf(module: string): PageChapter {
  const cells = cellsOf(module).map(({ id, source }) => ({
    id,
    source,
    html: coloured(source),
    ...compileCell(source),
  }));
  return { cells };
}

const titleOf = (markdown: string): string => /^# (.+)$/m.exec(markdown)?.[1] ?? '';

const PLACE = /^\{\{([\w-]+)\}\}$/m;

export function proseOf(markdown: string, module: string): Prose {
  const cells = cellsOf(module);
  const marked = new Marked({
    renderer: { code: ({ text }) => `<pre tabindex="0"><code>${coloured(text)}</code></pre>` },
  });
  const title = titleOf(markdown);
  const body = markdown
    .replace(/^# .+$/m, '')
    .replace(/^\{\{([\w-]+):answer\}\}$/gm, (_, id: string) => {
      const answer = cells.find((cell) => cell.id === id)?.answer;
      if (answer === undefined) throw new Error(`there is no answer to ${id}`);
      return `\`\`\`ts\n${answer}\n\`\`\``;
    })
    .replace(/\$([^$\n]+)\$/g, (_, tex: string) => katex.renderToString(tex, { output: 'mathml' }));
  const parts = body.split(PLACE).flatMap((part, i): Prose['parts'] => {
    if (i % 2 === 1) return [{ cell: part }];
    return part.trim() === '' ? [] : [{ html: marked.parse(part, { async: false }) }];
  });
  const placed = parts.flatMap((part) => ('cell' in part ? part.cell : []));
  const wanted = cells.map(({ id }) => id);
  if (placed.join() !== wanted.join())
    throw new Error(`${title}: the text places ${placed}, the code has ${wanted}`);
  return { title, parts };
}

const classes = tagHighlighter([
  { tag: tags.keyword, class: 'k' },
  { tag: [tags.string, tags.special(tags.string), tags.regexp], class: 's' },
  { tag: tags.comment, class: 'c' },
  { tag: [tags.number, tags.bool, tags.null], class: 'n' },
  { tag: [tags.typeName, tags.className], class: 't' },
  { tag: tags.function(tags.variableName), class: 'f' },
]);

const typescript = javascriptLanguage.parser.configure({ dialect: 'ts' });

/** TypeScript as HTML with a class for each kind of token. */
function coloured(code: string): string {
  let html = '';
  const inHTML = (text: string): string =>
    text.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c]!);
  highlightCode(
    code,
    typescript.parse(code),
    classes,
    (text, kind) => {
      html += kind ? `<span class="${kind}">${inHTML(text)}</span>` : inHTML(text);
    },
    () => {
      html += '\n';
    },
  );
  return html;
}
