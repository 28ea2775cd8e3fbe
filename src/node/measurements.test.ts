import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FileMemo } from './measurements.ts';

it('keeps texts by key from one process to the next, and does without where it cannot', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'nanobard-measured-'));
  const inside = join(folder, 'measured');
  await new FileMemo(inside).set('tiles of a/b', 'one');
  await new FileMemo(inside).set('tiles of c', 'two');
  const memo = new FileMemo(inside);
  expect(await memo.get('tiles of a/b')).toBe('one');
  expect(await memo.get('tiles of c')).toBe('two');
  expect(await memo.get('tiles of d')).toBeUndefined();
  expect((await readdir(inside)).length).toBe(2);
  await writeFile(join(folder, 'file'), '');
  const nowhere = new FileMemo(join(folder, 'file'));
  await nowhere.set('tiles of c', 'three');
  expect(await nowhere.get('tiles of c')).toBeUndefined();
  await rm(folder, { recursive: true });
});
