import { fileURLToPath } from 'node:url';
import type { Studio } from '../../studio/server.ts';
import { exitCodes, type Io, isTerminal } from '../io.ts';
import { styleFor, writeNotes } from '../style.ts';

export interface StudioFlags {
  readonly port?: number;
  readonly open: boolean;
  readonly runs?: string;
}

/** Beside the built program; below the root of the repository where it runs from its sources. */
const FOLDER = import.meta.url.endsWith('.ts') ? '../../../../dist/studio' : './studio';

/** The page as it was built. */
const PAGE = fileURLToPath(new URL(FOLDER, import.meta.url));

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Serves the studio until it is stopped; returns the exit code. */
export async function studio({ port, open, runs }: StudioFlags, io: Io, folder = PAGE): Promise<number> {
  const { serveStudio } = await import('../../studio/server.ts');
  const server = await serveStudio({ folder, port, runs });
  let stop = (): void => {};
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  for (const signal of SIGNALS) io.signals.on(signal, stop);
  try {
    const style = styleFor(io.stdout, io.env);
    io.stdout.write(`The studio is at ${style.bold(server.url)}\nCtrl-C stops it.\n`);
    if (open && isTerminal(io.stdout, io.env)) void openBrowser(server.url, io);
    await stopped;
  } finally {
    for (const signal of SIGNALS) io.signals.off(signal, stop);
    await server.close();
  }
  return exitCodes.success;
}

/** Serves the studio beside a training, open at its run; where that cannot be, it is told, and training matters more. */
export async function studioBeside(
  runs: string,
  run: string,
  io: Io,
  folder = PAGE,
): Promise<Studio | undefined> {
  const { serveStudio } = await import('../../studio/server.ts');
  try {
    const server = await serveStudio({ folder, runs });
    const url = `${server.url}&${new URLSearchParams({ tab: 'runs', run })}`;
    writeNotes([`The studio shows this run at ${url}`], io);
    if (isTerminal(io.stdout, io.env)) void openBrowser(url, io);
    return server;
  } catch (error) {
    writeNotes([`The studio could not be opened: ${(error as Error).message}`], io);
    return undefined;
  }
}

async function openBrowser(url: string, io: Io): Promise<void> {
  try {
    const { default: open } = await import('open');
    await open(url);
  } catch {
    writeNotes(['No browser could be opened from here: open the address in one.'], io);
  }
}
