import type { CorpusSource } from '../language/data/corpus.ts';

export interface LoadedCorpus {
  /** The corpus's name, or the file's. */
  readonly name: string;
  /** The documents put together, with line feeds as line ends and without byte order marks, whatever the files had. */
  readonly text: string;
  /** Each file that is a text, each line or row of one that is a table. */
  readonly documents: readonly string[];
  /** `memory`: given as a text, or read from a pipe, so that it cannot be read again. */
  readonly source: 'cache' | 'download' | 'built-in' | 'file' | 'memory';
  /** The file that holds the text, where there is one and no other. */
  readonly path?: string;
  /** Where all of it can be read again: names of corpora, files, folders and patterns. */
  readonly origin: readonly string[];
  /** SHA-256 of the file's bytes, in hexadecimal; of `keptCopy` where there is no file; of those of all where there are several. */
  readonly sha256: string;
  /** Something that the user should be told, as one sentence or two. */
  readonly notice?: string;
}

export interface CorpusOptions {
  /** The field of JSON lines, or column of Parquet, that holds the text; default `text`. */
  readonly field?: string | undefined;
  /** Folder that keeps downloads; default: the user's cache folder for nanobard. */
  readonly cacheFolder?: string;
  /** Where to download from, and the SHA-256 to expect; default: what the corpus itself says. */
  readonly source?: CorpusSource;
  /** Milliseconds without a single byte after which a download is given up; default 5,000. */
  readonly timeout?: number;
}
