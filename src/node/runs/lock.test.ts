import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockFolder } from './lock.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nanobard-'));
});

afterEach(() => rm(folder, { recursive: true }));

const lockName = (pid: number, host: string, born = ''): string =>
  `lock.${pid}.${born}.00000000.${encodeURIComponent(host)}`;

describe('lockFolder', () => {
  it('lets one write at a time, and leaves nothing behind', async () => {
    const unlock = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toMatchObject({
      code: 'run-folder',
      message: `the run ${folder} is being written by this process`,
      options: ['folder'],
    });
    expect(await readdir(folder)).toHaveLength(1);
    await unlock();
    await unlock();
    expect(await readdir(folder)).toEqual([]);
    await (await lockFolder(folder))();
  });

  it('lets one at most of many begin at the same moment', async () => {
    for (let round = 0; round < 5; round++) {
      const tries = await Promise.allSettled(Array.from({ length: 4 }, () => lockFolder(folder)));
      const got = tries.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
      expect(got.length).toBeLessThanOrEqual(1);
      for (const unlock of got) await unlock();
    }
  });

  it('takes over from a process that is no more', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    await writeFile(join(folder, lockName(child.pid!, hostname())), '');
    const unlock = await lockFolder(folder);
    expect(await readdir(folder)).toHaveLength(1);
    await unlock();
  });

  it.runIf(process.platform === 'linux')(
    'takes over from one whose number another process has got',
    async () => {
      await writeFile(join(folder, lockName(process.ppid, hostname(), '00000000-1')), '');
      await (await lockFolder(folder))();
      expect(await readdir(folder)).toEqual([]);
    },
  );

  it('gives way to a process that is alive, and to one of another machine, and says what to do', async () => {
    const path = join(folder, lockName(process.ppid, hostname()));
    await writeFile(path, '');
    await expect(lockFolder(folder)).rejects.toMatchObject({
      message: `the run ${folder} is being written by process ${process.ppid}`,
      hint: 'Wait until it has ended, or stop it.',
    });
    await rm(path);
    const away = join(folder, lockName(1, 'a.b c'));
    await writeFile(away, '');
    await expect(lockFolder(folder)).rejects.toMatchObject({
      message: `the run ${folder} is being written by process 1 of a.b c`,
      hint: `Stop it there; if it is no more, delete ${away}.`,
    });
  });

  it('names the folder that cannot be written', async () => {
    const nowhere = join(folder, 'nowhere');
    await expect(lockFolder(nowhere)).rejects.toMatchObject({
      code: 'file',
      message: expect.stringContaining(`${nowhere} cannot be written: `),
    });
  });
});
