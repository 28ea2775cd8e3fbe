// The command line as a process of its own: what signals and closed pipes do to it.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { plays } from '../../language/data/plays.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nanobard-'));
  await build({
    entryPoints: { cli: 'src/node/cli/cli.ts' },
    ...{ bundle: true, platform: 'node', format: 'esm', outdir: folder, logLevel: 'silent' },
    ...{ external: ['commander'], splitting: true },
  });
  await mkdir(join(folder, 'node_modules'));
  await symlink(resolve('node_modules/commander'), join(folder, 'node_modules', 'commander'));
  await writeFile(join(folder, 'text.txt'), plays({ characters: 2000, seed: 1 }));
}, 60_000);

afterAll(() => rm(folder, { recursive: true }));

/** Starts training that would never end; more arguments, and where its standard output goes. */
function train(name: string, stdout: 'pipe' | number, more: readonly string[] = []): ChildProcess {
  const args = ['cli.js', 'train', 'bigram', '--data', 'text.txt', '--threads', '1', '--out', name];
  const long = ['--max-iters', '100000000', '--eval-interval', '1000000', '--eval-iters', '1', ...more];
  return spawn(process.execPath, [...args, ...long], { cwd: folder, stdio: ['ignore', stdout, 'pipe'] });
}

const saved = (name: string): boolean => existsSync(join(folder, name, 'checkpoints', 'last.safetensors'));

it('a run whose reader goes away stops, is saved, and says so', async () => {
  const child = train('piped', 'pipe', ['--json']);
  let said = '';
  child.stderr!.on('data', (data) => {
    said += data;
  });
  await once(child.stdout!, 'data');
  child.stdout!.destroy(); // as `head` does when it has seen enough
  expect(await once(child, 'exit')).toEqual([130, null]);
  expect(saved('piped')).toBe(true);
  expect(said).toMatch(
    /^note: Nothing .*EPIPE.*has stopped and is saved\. Resume it with .*--resume --out piped\n$/,
  );
});

it('other commands end without complaint when their reader goes away', async () => {
  const args = ['cli.js', 'sample', 'piped', '--tokens', '1000000', '--threads', '1'];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr!.on('data', (data) => {
    said += data;
  });
  await once(child.stdout!, 'data');
  child.stdout!.destroy();
  expect([await once(child, 'exit'), said]).toEqual([[0, null], '']);
});

it.skipIf(process.platform === 'win32')(
  'a run that writes to a file goes on when the terminal is closed',
  async () => {
    const log = join(folder, 'log');
    const child = train('logged', openSync(log, 'w'), ['--json']);
    const lines = (): number => readFileSync(log, 'utf8').split('\n').length;
    const until = async (enough: () => boolean): Promise<void> => {
      while (!enough()) await new Promise((done) => setTimeout(done, 20));
    };
    await until(() => lines() > 10);
    child.kill('SIGHUP');
    const then = lines();
    await until(() => lines() > then + 1000);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([130, null]);
    expect(saved('logged')).toBe(true);
  },
);
