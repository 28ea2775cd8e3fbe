/** What of an event of Chromium's tracing (category `toplevel`) tells tasks. */
export interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds on the clock, and of the thread's own work. */
  readonly dur?: number;
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

/**
 * The longest task of a page's thread in a trace, in ms: its own work, and on the clock. What counts is the first: on the
 * clock a task of 10 ms takes 60 where trainings on all processors are given the time in between.
 */
export function longestTask(events: readonly TraceEvent[]): { readonly cpu: number; readonly wall: number } {
  const thread = ({ pid, tid }: TraceEvent): string => `${pid}/${tid}`;
  const pages = new Set(events.filter(({ args }) => args.name === 'CrRendererMain').map(thread));
  const tasks = events.filter(
    (event) => event.ph === 'X' && event.name.endsWith('RunTask') && pages.has(thread(event)),
  );
  const longest = (of: (task: TraceEvent) => number): number =>
    tasks.reduce((most, task) => Math.max(most, of(task) / 1000), 0);
  return { cpu: longest(({ tdur = 0 }) => tdur), wall: longest(({ dur = 0 }) => dur) };
}
