import { open, readdir } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import picomatch from 'picomatch';
import { refusal } from './refusal.ts';

/** Files that are to be one text. */
export interface FoundFiles {
  /** Paths, sorted, so that the text is the same wherever it is read. */
  readonly texts: readonly string[];
  /** What was left out. */
  readonly notice?: string;
}

/** Bytes at the beginning of a file that tell whether it is text. */
const SNIFFED = 8192;

/** Whether a path that is no file stands for others: `texts/*.txt`. */
export function isPattern(path: string): boolean {
  return /[*?[{]/.test(path);
}

/** The texts in a folder and the folders in it, without hidden ones and without files that hold NUL, such as pictures. */
export async function filesIn(folder: string): Promise<FoundFiles> {
  const hidden = /(^|[\\/])\./;
  const files = (await allFiles(folder)).filter((path) => !hidden.test(relative(folder, path)));
  const texts: string[] = [];
  for (const file of files) if (await isReadable(file)) texts.push(file);
  if (texts.length === 0) throw refusal(`${folder} has no texts in it`, 'Name a folder with text files.');
  const others = files.filter((file) => !texts.includes(file)).map((file) => basename(file));
  if (others.length === 0) return { texts };
  const list = `${others.slice(0, 3).join(', ')}${others.length > 3 ? ` and ${others.length - 3} more` : ''}`;
  return { texts, notice: `Not text, and left out of ${folder}: ${list}.` };
}

/** The files that a pattern stands for, in order. */
export async function matchingFiles(pattern: string): Promise<FoundFiles> {
  const whole = resolve(pattern).split(sep).join('/');
  const matches = picomatch(whole);
  const { base } = picomatch.scan(whole);
  const files = await allFiles(base).catch(() => []);
  const texts = files.filter((path) => matches(path.split(sep).join('/')));
  if (texts.length > 0) return { texts };
  throw refusal(`no file matches '${pattern}'`, 'Patterns have * for any name and ** for any folders.');
}

/** All files below a folder, sorted. */
async function allFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Text has no NUL, unless its encoding is UTF-16; what is compressed is known by how it begins. */
async function isReadable(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SNIFFED), 0, SNIFFED, 0);
    const magic = buffer.subarray(0, 2).toString('latin1');
    const isKnown = ['\x1f\x8b', 'PA', '\xff\xfe', '\xfe\xff'].includes(magic);
    return bytesRead > 0 && (isKnown || !buffer.subarray(0, bytesRead).includes(0));
  } finally {
    await file.close();
  }
}
