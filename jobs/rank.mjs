// One rank of a job: the command line, or a program that fails, after leaving its number and process behind for the test
// that may kill it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

const { OMPI_COMM_WORLD_RANK, PMI_RANK, JOB_FOLDER } = process.env;
writeFileSync(join(JOB_FOLDER, `rank-${OMPI_COMM_WORLD_RANK ?? PMI_RANK ?? 0}.pid`), String(process.pid));
if (process.argv[2] === 'fail-in-a-sum') {
  const { joinJob } = await import('../dist/node.js');
  const { rank, pending } = await joinJob();
  pending.begin(new Float32Array(2 ** 20));
  pending.progress();
  if (rank === 1) throw new Error('a kernel failed');
  await pending.finish();
} else {
  process.argv[1] = join(import.meta.dirname, '../dist/cli.js');
  await import('../dist/cli.js');
}
