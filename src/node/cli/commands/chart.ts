import { basename, join, resolve } from 'node:path';
import { writeAtomically } from '../../files.ts';
import { CurveReader } from '../../runs/curve-reader.ts';
import { RunFolder, runError } from '../../runs/run-folder.ts';
import { exitCodes, type Io } from '../io.ts';

export interface ChartFlags {
  readonly output?: string;
}

/** Draws the losses of runs as an SVG, into a file or onto standard output; returns the exit code. */
export async function chart(runs: readonly string[], { output }: ChartFlags, io: Io): Promise<number> {
  const { lossChart } = await import('../../charts/loss-chart.ts');
  const paths = runs.length > 0 ? runs : [await RunFolder.newest()];
  const curves = await Promise.all(
    paths.map(async (path) => {
      const folder = await RunFolder.open(path); // says what is wrong with it
      const curve = await new CurveReader(join(folder.path, 'metrics.jsonl')).read();
      if (curve.steps.step.length === 0)
        throw runError(
          `the run ${path} has recorded no steps yet`,
          'Wait until it has, or give another run.',
        );
      return { name: basename(resolve(path)), curve };
    }),
  );
  const svg = lossChart(curves);
  if (output === undefined) io.stdout.write(svg);
  else {
    await writeAtomically(output, svg);
    io.stdout.write(`${output}\n`);
  }
  return exitCodes.success;
}
