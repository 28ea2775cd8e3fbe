// What all benchmarks write down alike.
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1]!;

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Where, when and how numbers were measured; `script` is npm's name for it. */
export function circumstances(script: string): string {
  const arguments_ = process.argv.slice(2);
  const command = [`npm run ${script}`, ...(arguments_.length > 0 ? ['--', ...arguments_] : [])].join(' ');
  const machine = `${availableParallelism()} × ${cpus()[0]?.model.trim()}, ${process.platform} ${process.arch}`;
  return `${machine}, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}, by \`${command}\`.`;
}

/** Markdown, with columns padded to be read in a terminal too. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, i) => Math.max(3, ...[head, ...rows].map((row) => row[i]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((text, i) => text.padEnd(widths[i]!)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/** Puts a benchmark's section in place of its last one, between markers that only the source shows. */
export async function writeSection(file: string, name: string, section: string): Promise<void> {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const text = await readFile(file, 'utf8').catch(() => '# Results\n');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  const marked = `${begin}\n\n${section.trim()}\n\n${end}`;
  const whole =
    from < 0 || to < from
      ? `${text.trimEnd()}\n\n${marked}\n`
      : text.slice(0, from) + marked + text.slice(to + end.length);
  await writeFile(file, whole);
}
