import { readdirSync, readFileSync } from 'node:fs';
import * as nanobard from 'nanobard';
import { describe, expect, it } from 'vitest';
import * as figures from '../../tutorial/chapters/figures.ts';
import { proseOf } from '../build/chapters.ts';
import * as basics from '../src/kernel/basics.ts';
import { compileCell } from '../src/kernel/cell.ts';
import { cellsOf } from '../src/kernel/chapter.ts';
import { Notebook, Stopped, stoppable } from '../src/kernel/notebook.ts';
import { lastLoss, losses, stated, text, tinyshakespeare } from './stated.ts';

const folder = new URL('../../tutorial/chapters/', import.meta.url);
const source = (file: string): string => readFileSync(new URL(file, folder), 'utf8');
const names = readdirSync(folder).flatMap((file) => /^(\d+-\w+)\.ts$/.exec(file)?.[1] ?? []);
const compiled = (name: string, which: 'source' | 'solved' = 'solved') => ({
  cells: cellsOf(source(`${name}.ts`)).map((cell) => compileCell(cell[which])),
});

function notebook(checkpoint: () => Promise<void> | undefined = () => undefined): Notebook {
  return new Notebook({
    modules: {
      nanobard: async () => ({ ...nanobard, createDevice: stoppable(nanobard.createDevice, checkpoint) }),
      './figures.ts': async () => figures,
      './text.ts': async () => ({ loadText: async () => text }),
    },
    chapter: (name) => (names.includes(name) ? Promise.resolve(compiled(name)) : undefined),
  });
}

/** Every figure with decimals that a text states. */
const figuresIn = (words: string): number[] =>
  [...words.matchAll(/\b\d\.\d{4}\b/g)].map(([figure]) => Number(figure));

/** Figures that the prose takes from elsewhere: PyTorch's own runs, and the document that this tutorial grew from. */
const elsewhere = new Set([4.7879, 2.0528, 1.8857, 1.4957, 1.6281, 1.8655]);

describe('every chapter, from its first cell to its last', () => {
  const book = notebook();
  const outputs = new Map<string, string>();

  it.each(names)('%s runs, and prints what it should', async (name) => {
    let output = '';
    for (const cell of compiled(name).cells) {
      await book.run(name, cell, (line) => {
        output += `${line}\n`;
      });
    }
    outputs.set(name, output);
    if (cellsOf(source(`${name}.ts`)).some(({ answer }) => answer)) expect(output).toMatch(/^right$/m);
    if (tinyshakespeare) {
      for (const line of stated[name] ?? []) expect(output).toContain(line);
      if (name in losses) expect(lastLoss(output)).toBeLessThanOrEqual(losses[name]!);
    } else if (name in losses) expect(lastLoss(output)).toBeLessThan(4);
  });

  it.runIf(tinyshakespeare).each(['en', 'zh'])('states no figure that no chapter prints: %s', (language) => {
    const printed = figuresIn([...outputs.values()].join('\n'));
    for (const name of names) {
      for (const figure of figuresIn(source(`${name}.${language}.md`))) {
        if (elsewhere.has(figure)) continue;
        const nearest = Math.min(...printed.map((other) => Math.abs(other - figure)));
        expect(nearest, `${name}.${language}.md: ${figure}`).toBeLessThan(0.002);
      }
    }
  });
});

it.each(names.slice(0, 8))(
  '%s imports nothing of nanobard for which the page would load the rest',
  (name) => {
    for (const { code } of compiled(name).cells)
      for (const [, names] of code.matchAll(/\$import\("nanobard", (\[.*?\])\)/g))
        for (const asked of JSON.parse(names!) as string[]) expect(basics).toHaveProperty(asked);
  },
);

describe('the prose', () => {
  it.each(names.flatMap((name) => [`${name}.en`, `${name}.zh`]))('%s places every cell', (file) => {
    const prose = proseOf(source(`${file}.md`), source(`${file.replace(/\.(en|zh)$/, '')}.ts`));
    expect(prose.title).not.toBe('');
    expect(prose.parts.filter((part) => 'cell' in part).length).toBeGreaterThan(1);
    expect(JSON.stringify(prose)).not.toMatch(/\{\{|@[A-Z]+@|katex-error/);
  });
});

describe('a notebook', () => {
  const log: string[] = [];
  const run = async (book: Notebook, code: string): Promise<string[]> => {
    log.length = 0;
    await book.run('mine', compileCell(code), (line) => log.push(line));
    return [...log];
  };

  it('keeps names from cell to cell, as they stand', async () => {
    const book = notebook();
    await run(book, 'let count = 1; const next = () => ++count; const { a, b: [c] } = { a: 2, b: [3] };');
    expect(await run(book, 'next(); console.log(count, a, c)')).toEqual(['2 2 3']);
    expect(await run(book, 'count = 10; console.log(next())')).toEqual(['11']);
    expect(
      await run(
        book,
        'class Twice { n = 2 * count }\nfunction f(): number { return new Twice().n }\nconsole.log(f())',
      ),
    ).toEqual(['22']);
    expect(await run(book, 'console.log(new Twice().n)')).toEqual(['22']);
  });

  it('lets a cell be run again, and awaits at its top', async () => {
    const book = notebook();
    for (const n of [1, 2])
      expect(await run(book, `const x: number = await Promise.resolve(${n}); console.log(x)`)).toEqual([
        `${n}`,
      ]);
  });

  it('imports what a later cell uses, and tells what it does not know', async () => {
    const book = notebook();
    await run(book, "import { ops, type Tensor } from 'nanobard';");
    expect(await run(book, 'const t: Tensor = ops.tensor([1, 2]); console.log(t)')).toEqual([
      'tensor([1., 2.], shape (2))',
    ]);
    await expect(run(book, "import x from 'left-pad';")).rejects.toThrow('There is no module left-pad');
    await expect(run(book, 'nobody + 1')).rejects.toThrow('nobody is not defined');
    expect(() => compileCell('const x = ;')).toThrow(SyntaxError);
  });

  it('uses what the reader made of an earlier chapter', async () => {
    const book = notebook();
    await book.run(
      '1-data',
      compileCell(
        "export const text = 'abc'; export const chars = ['a', 'b', 'c']; export const vocabSize = 3;",
      ),
      () => {},
    );
    expect(
      await run(
        book,
        "import { vocabSize, decode } from './1-data.ts'; console.log(vocabSize, decode([0, 1]))",
      ),
    ).toEqual(['3 ab']);
  });

  it('can be stopped at a step', async () => {
    let stop = false;
    const book = notebook(() => {
      if (stop) throw new Stopped();
      return undefined;
    });
    await run(
      book,
      "import { createDevice, ops } from 'nanobard'; const device = await createDevice(); const f = device.compile((x) => ops.mul(x, 2)); let steps = 0;",
    );
    await run(book, 'console.log(await f(2))');
    stop = true;
    await expect(run(book, 'for (;;) { await f(1); steps++; }')).rejects.toThrow(Stopped);
    stop = false;
    expect(await run(book, 'console.log(steps)')).toEqual(['0']);
  });
});
