import { isRelayed } from '../mpi/launched.ts';

type FailureListener = (error: NodeJS.ErrnoException) => void;

/** Where text goes. `columns` and `rows` are a terminal's. */
export interface Output {
  write(text: string): unknown;
  /** Whoever listens is told that nothing can be written any more: a pipe was closed, a terminal is gone. */
  on(event: 'error', listener: FailureListener): unknown;
  off(event: 'error', listener: FailureListener): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

export type Signal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** What a command sees of the process that it runs in. */
export interface Io {
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signals: {
    on(signal: Signal, listener: () => void): unknown;
    off(signal: Signal, listener: () => void): unknown;
  };
  /** Quits at once, whatever is going on. */
  readonly exit: (code: number) => void;
  /** How the user calls this program, for the commands that messages suggest. */
  readonly command: string;
}

/** Exit codes; 130 is what shells report for a program that was interrupted. */
export const exitCodes = { success: 0, failure: 1, usage: 2, interrupted: 130 } as const;

/** How large an output is; 80 × 24 where it is no terminal, or one that does not know and says 0. */
export function sizeOf({ columns = 0, rows = 0 }: Output): { columns: number; rows: number } {
  return { columns: columns > 0 ? columns : 80, rows: rows > 0 ? rows : 24 };
}

/**
 * Whether cursor movements make sense on this output. (Open MPI's launcher gives each process a terminal of its own,
 * wherever its own output goes.)
 */
export function isTerminal(output: Output, env: Io['env']): boolean {
  return output.isTTY === true && env.TERM !== 'dumb' && !isRelayed(env);
}

/** The shell command that starts `script`, as seen from the folder `cwd`. */
export function invocation(script: string, cwd: string): string {
  const parts = script.split(/[\\/]/);
  if (parts.at(-1) !== 'nanobard')
    return `node ${script.startsWith(`${cwd}/`) ? script.slice(cwd.length + 1) : script}`;
  return parts.at(-2) === '.bin' ? 'npx nanobard' : 'nanobard';
}

/** `text` as one word of a shell command. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./\\-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
