import { fileURLToPath } from 'node:url';
import { exitCodes, type Io, isTerminal } from '../io.ts';
import { styleFor, writeNotes } from '../style.ts';

export interface StudioFlags {
  readonly port?: number;
  readonly open: boolean;
}

/** Beside the built program; below the root of the repository where it runs from its sources. */
const FOLDER = import.meta.url.endsWith('.ts') ? '../../../../dist/studio' : './studio';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Serves the tutorial until it is stopped; returns the exit code. */
export async function studio(
  { port, open }: StudioFlags,
  io: Io,
  folder = fileURLToPath(new URL(FOLDER, import.meta.url)),
): Promise<number> {
  const { serveStudio } = await import('../../studio/server.ts');
  const server = await serveStudio({ folder, port });
  let stop = (): void => {};
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  for (const signal of SIGNALS) io.signals.on(signal, stop);
  try {
    const style = styleFor(io.stdout, io.env);
    io.stdout.write(`The tutorial is at ${style.bold(server.url)}\nCtrl-C stops it.\n`);
    if (open && isTerminal(io.stdout, io.env)) void openBrowser(server.url, io);
    await stopped;
  } finally {
    for (const signal of SIGNALS) io.signals.off(signal, stop);
    await server.close();
  }
  return exitCodes.success;
}

async function openBrowser(url: string, io: Io): Promise<void> {
  try {
    const { default: open } = await import('open');
    await open(url);
  } catch {
    writeNotes(['No browser could be opened from here: open the address in one.'], io);
  }
}
