// What all benchmarks write down alike.
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { basename } from 'node:path';

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1]!;

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * The processor by name and, where Linux tells, by family and model, since virtual machines shorten names, and by the
 * width of its vectors.
 */
function processor(): string {
  const name = cpus()[0]?.model.trim() ?? 'unknown processor';
  if (process.platform !== 'linux' || process.arch !== 'x64') return name;
  const info = readFileSync('/proc/cpuinfo', 'utf8');
  const field = (key: string): string => new RegExp(`^${key}\\s*: (.*)$`, 'm').exec(info)?.[1] ?? 'unknown';
  const flags = new Set(field('flags').split(' '));
  const vectors = [
    ['AVX2', 'avx2'],
    ['AVX-512', 'avx512f'],
  ].map(([label, flag]) => `${flags.has(flag!) ? '' : 'no '}${label}`);
  return `${name} (family ${field('cpu family')}, model ${field('model')}, ${vectors.join(', ')})`;
}

/** Where, when and how numbers were measured; `script` is npm's name for it. Paths are told by their last part. */
export function circumstances(script: string): string {
  const arguments_ = process.argv.slice(2).map((argument) => basename(argument));
  const command = [`npm run ${script}`, ...(arguments_.length > 0 ? ['--', ...arguments_] : [])].join(' ');
  const machine = `${availableParallelism()} × ${processor()}, ${process.platform} ${process.arch}`;
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
