import type { Figure } from '../../../tutorial/chapters/figures.ts';

/** What the page asks of the kernel. */
export type Request =
  | { readonly type: 'run'; readonly run: number; readonly chapter: string; readonly code: string }
  | { readonly type: 'stop' };

/** What the kernel tells; `run` is the request's. */
export type Message =
  | { readonly type: 'text'; readonly run: number; readonly text: string }
  | { readonly type: 'figure'; readonly run: number; readonly figure: Figure }
  | {
      readonly type: 'device';
      readonly name: string;
      readonly threads: number;
      readonly notes: readonly string[];
    }
  | { readonly type: 'done'; readonly run: number; readonly failure?: Failure };

/** Why a cell did not come to its end. */
export interface Failure {
  readonly message: string;
  /** What to do, where the error knows. */
  readonly hint?: string | undefined;
  readonly stopped: boolean;
}
