import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { type Ended, Job, launchers, scratch } from './job.ts';

/** How often ranks are killed; JOBS_KILLS sets another number. */
const KILLS = Number(process.env.JOBS_KILLS ?? 2);

const tiny = {
  ...{ 'n-layer': 1, 'n-head': 2, 'n-embd': 16, 'block-size': 16, dropout: 0, 'warmup-iters': 10 },
  ...{ 'eval-interval': 100, 'eval-iters': 2, 'max-iters': 200, threads: 1 },
};
const recipes: Readonly<Record<string, object>> = {
  'shakespeare-char-cpu': { 'gradient-accumulation-steps': 2 },
  fast: { 'ngram-order': 3, 'ngram-rows': 500 },
};

/** Numbers of ranks that are tried with each. */
const sizes: Readonly<Record<string, readonly number[]>> = { 'shakespeare-char-cpu': [2, 4], fast: [2] };

let runs = 0;
const newFolder = (): string => join(scratch, `run-${runs++}`);

const flags = (changes: object): string[] =>
  Object.entries({ ...tiny, ...changes }).flatMap(([name, value]) => [`--${name}`, String(value)]);

const train = (recipe: string, folder: string, changes: object): string[] => [
  ...['train', recipe, '--data', 'plays', '--json', '--out', folder],
  ...flags({ ...recipes[recipe], ...changes }),
];

/** The last event that was written down. */
const end = (folder: string): unknown =>
  JSON.parse(readFileSync(join(folder, 'metrics.jsonl'), 'utf8').trimEnd().split('\n').at(-1)!);

/** Losses and norms of all steps, losses of all evaluations. */
function losses(folder: string): number[] {
  const lines = readFileSync(join(folder, 'metrics.jsonl'), 'utf8').trimEnd().split('\n');
  return lines.flatMap((line) => {
    const event = JSON.parse(line);
    if (event.type === 'step') return [event.loss];
    return event.type === 'eval' ? [event.train, event.val, event.valFull ?? 0] : [];
  });
}

const furthest = (a: readonly number[], b: readonly number[]): number => {
  expect(a).toHaveLength(b.length);
  return Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));
};

async function run(
  launcher: string,
  ranks: number,
  recipe: string,
  changes: object,
  ...more: string[]
): Promise<number[]> {
  const folder = newFolder();
  const { code, stderr } = await new Job(launcher, ranks, [...train(recipe, folder, changes), ...more]).ended;
  expect(code, stderr).toBe(0);
  return losses(folder);
}

// Workers of the test runner are ended before they hear of their own exit.
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe.each(launchers)('%s', (launcher) => {
  it.each(Object.entries(sizes))('trains %s on %j ranks as on one', async (recipe, more) => {
    const one = await run(launcher, 1, recipe, { 'batch-size': 8 });
    for (const ranks of more) {
      const together = await run(launcher, ranks, recipe, { 'batch-size': 8 / ranks });
      expect(furthest(together, one)).toBeLessThan(1e-5);
    }
  });

  it('tells all ranks the tokens of files, and the weights to begin with', async () => {
    const [model, tokens] = [newFolder(), newFolder()];
    const shape = { 'max-iters': 20, 'eval-interval': 10, 'batch-size': 8 };
    const begun = await new Job(launcher, 1, train('shakespeare-char-cpu', model, shape)).ended;
    expect(begun.code, begun.stderr).toBe(0);
    const encode = ['tokenizer', 'encode', '--data', 'plays', '--tokenizer', model, '-o', tokens];
    const encoded = await new Job(launcher, 1, encode).ended;
    expect(encoded.code, encoded.stderr).toBe(0);
    const onward = async (ranks: number): Promise<number[]> => {
      const folder = newFolder();
      const more = ['--max-iters', '20', '--eval-interval', '10', '--eval-iters', '2', '--threads', '1'];
      const from = ['--data', tokens, '--init-from', model, '--batch-size', String(8 / ranks), ...more];
      const job = new Job(launcher, ranks, ['train', 'shakespeare-char-cpu', '--out', folder, ...from]);
      const { code, stderr } = await job.ended;
      expect(code, stderr).toBe(0);
      return losses(folder);
    };
    const one = await onward(1);
    expect(one[0]).toBeLessThan(4); // a new model has 4.2
    expect(furthest(await onward(2), one)).toBeLessThan(1e-5);
  });

  it('gives the same bits twice on 4 ranks', async () => {
    const changes = { 'batch-size': 2, 'n-embd': 256, 'max-iters': 10, 'eval-interval': 10 };
    const once = await run(launcher, 4, 'shakespeare-char-cpu', changes);
    expect(await run(launcher, 4, 'shakespeare-char-cpu', changes)).toEqual(once);
  });

  it("gives the same bits twice, with the optimizer's state shared out, too", async () => {
    const changes = { 'batch-size': 4, 'max-iters': 50 };
    const once = await run(launcher, 2, 'fast', changes);
    expect(await run(launcher, 2, 'fast', changes, '--shard-optimizer')).toEqual(once);
  });

  it(`ends within 5 s when a rank is killed, and goes on with the same losses, ${KILLS} times`, {
    timeout: 60_000 + 20_000 * KILLS,
  }, async () => {
    const changes = { 'batch-size': 4, 'eval-interval': 20, 'max-iters': 100 };
    const whole = await run(launcher, 2, 'shakespeare-char-cpu', changes);
    for (let kill = 0; kill < KILLS; kill++) {
      const folder = newFolder();
      const job = new Job(launcher, 2, train('shakespeare-char-cpu', folder, changes));
      await job.says(new RegExp(`"step":${30 + ((7 * kill) % 60)},`));
      job.signal('SIGKILL', kill % 2);
      const { code, seconds, stderr } = await job.ended;
      expect(code).not.toBe(0);
      expect(seconds).toBeLessThan(5);
      expect(stderr).toContain('--resume goes on from its last checkpoint');
      // The other rank says who it was, or the launcher, if that is faster; MPICH's tells the process.
      if (launcher === 'mpirun.openmpi') {
        const who = kill % 2;
        expect(stderr).toMatch(
          new RegExp(`rank ${who} of 2 \\(.*, process \\d+\\) has ended|process rank ${who} .*signal 9`),
        );
      }
      for (let tries = 0; job.lives(2) && tries < 50; tries++) await wait(100);
      expect(job.lives(2)).toBe(false);
      const resumed = await new Job(launcher, 2, ['train', '--resume', '--out', folder, '--threads', '1'])
        .ended;
      expect(resumed.code, resumed.stderr).toBe(0);
      expect(losses(folder)).toEqual(whole);
    }
  });

  it('ends within 5 s when a rank fails while sums are under way', async () => {
    const { code, seconds, stderr } = await new Job(launcher, 2, ['fail-in-a-sum']).ended;
    expect(code).toBe(1); // what MPI_Abort is given; a crash has another
    expect(seconds).toBeLessThan(5);
    // Open MPI's launcher now and then says that its words for it (show_help) came in pieces.
    expect(stderr).toMatch(/MPI_Abort|show_help/i);
  });

  it.each([0, 1])('stops and saves when rank %j is told to, and goes on with other ranks', async (who) => {
    const changes = { 'batch-size': 4, 'max-iters': 200 };
    const folder = newFolder();
    const job = new Job(launcher, 2, train('shakespeare-char-cpu', folder, changes));
    await job.says(/"step":50,/);
    job.signal('SIGINT', who);
    await job.ended;
    expect(end(folder)).toMatchObject({ type: 'end', reason: 'interrupted' });
    const resumed = await new Job(launcher, 1, ['train', '--resume', '--out', folder, '--threads', '1'])
      .ended;
    expect(resumed.code, resumed.stderr).toBe(0);
    const one = await run(launcher, 1, 'shakespeare-char-cpu', { ...changes, 'batch-size': 8 });
    expect(furthest(losses(folder), one)).toBeLessThan(1e-4);
  });

  it.each([1, 2])('stops and saves %j ranks when the launcher is told to', async (ranks) => {
    // Open MPI's lets a second pass before it tells the ranks, and reads nothing of the many lines written meanwhile.
    const changes = { 'batch-size': 4, 'max-iters': 100_000 };
    const folder = newFolder();
    const job = new Job(launcher, ranks, train('shakespeare-char-cpu', folder, changes));
    await job.says(/"step":50,/);
    job.signal('SIGINT', 'launcher');
    await job.ended;
    expect(end(folder)).toMatchObject({ type: 'end', reason: 'interrupted' });
  });

  it('refuses ranks that were started with something else, and says it once', async () => {
    const folder = newFolder();
    const args = [4, 5].map((steps) => train('shakespeare-char-cpu', folder, { 'max-iters': steps }));
    const { code, stderr } = await new Job(launcher, 2, ...args).ended;
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/rank 1 of 2 \(.*\) was started with maxIters 5, and rank 0 with 4/);
    expect(stderr.match(/error:/g)).toHaveLength(1);
    expect(stderr).toContain('--max-iters');
  });

  it('says what is wrong once, if rank 0 cannot begin', async () => {
    const args = train('shakespeare-char-cpu', newFolder(), { data: '/nowhere.txt' });
    const { code, stderr } = await new Job(launcher, 2, args).ended;
    expect(code).not.toBe(0);
    expect(stderr.match(/error:/g)).toHaveLength(1);
    expect(stderr).toContain('/nowhere.txt');
  });

  it('is shown by the doctor', async () => {
    const { code, stdout }: Ended = await new Job(launcher, 2, ['doctor', '--json']).ended;
    expect(code).toBe(0);
    const abi = launcher === 'mpirun.mpich' ? 'MPICH' : 'Open MPI';
    expect(JSON.parse(stdout).mpi).toMatchObject({ abi, ranks: 2, hosts: 1 });
  });
});

it('mpirun.openmpi ends well over TCP, too', async () => {
  const tcp = 'mpirun.openmpi --mca pml ob1 --mca btl self,tcp';
  const { code, stderr } = await new Job(tcp, 2, ['doctor']).ended;
  expect(code, stderr).toBe(0);
});
