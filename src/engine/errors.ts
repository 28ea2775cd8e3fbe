/** Stable names for everything that can go wrong, for programs that want to tell failures apart. */
export type ErrorCode =
  | 'shape' // operands that do not fit together
  | 'argument' // a value outside what a function accepts
  | 'config' // a recipe or model configuration that makes no sense
  | 'usage' // the command line was used wrongly
  | 'file' // a file is missing, unreadable, empty or of the wrong kind
  | 'network' // a download failed
  | 'checksum' // bytes are not the ones that were promised
  | 'vocabulary' // characters or tokens that a tokenizer does not know
  | 'checkpoint' // a checkpoint is damaged, foreign or of another model
  | 'run-folder' // a folder already holds something else
  | 'memory' // a program does not fit in memory
  | 'diverged' // a loss that is not finite
  | 'device' // a device is missing or failed
  | 'internal'; // a defect of nanobard itself

export interface ErrorOptions {
  /** What the reader can do about it, as one sentence. */
  readonly hint?: string | undefined;
  /** Names of the options that can mend it, for whoever presents them under other names: the command line as flags. */
  readonly options?: readonly string[];
  readonly cause?: unknown;
}

/**
 * The only error that nanobard throws on purpose: `message` says what was wrong and where,
 * `hint` what to do, `code` is stable across versions.
 */
export class NanobardError extends Error {
  override readonly name = 'NanobardError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly options: readonly string[];

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(clipped(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint === undefined ? undefined : clipped(options.hint);
    this.options = options.options ?? [];
  }
}

/** Messages quote what they complain of, which may be a whole file: never more of it than fits on a terminal. */
function clipped(text: string): string {
  return text.length <= 1000 ? text : `${text.slice(0, 800)} … ${text.slice(-100)}`;
}
