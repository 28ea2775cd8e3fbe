import { execFile } from 'node:child_process';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { NanobardError } from '../../engine/errors.ts';
import { plays } from '../../language/data/plays.ts';
import { results } from '../../testing/outcome.ts';
import { create, machine, parent, train } from '../../testing/runs.ts';
import { evaluateRun } from './evaluate.ts';
import { RunFolder } from './run-folder.ts';
import { TrainingRun } from './training.ts';

describe('the text of a run', () => {
  const characters = plays({ characters: 2000, seed: 1 });

  it('keeps one that was given as it is, so that the run can be resumed and measured', async () => {
    const run = await create({ data: { name: 'upload', text: characters } });
    const folder = run.folder.path;
    expect(run.folder.config.data).toMatchObject({ source: 'text.txt', name: 'upload', characters: 2000 });
    await train(run, 3);
    expect((await train(await TrainingRun.resume({ folder, ...machine }))).at(-1)).toMatchObject({
      reason: 'finished',
    });
    expect((await evaluateRun(folder, machine)).tokens).toBe(199);
  });

  it('keeps one that came from a pipe', async () => {
    const pipe = join(parent, 'pipe');
    await promisify(execFile)('mkfifo', [pipe]);
    const [run] = await Promise.all([create({ data: pipe }), writeFile(pipe, characters)]);
    expect(run.folder.config.data).toMatchObject({ source: 'text.txt', name: 'pipe', characters: 2000 });
    await run.dispose();
  });

  it('trains on CRLF as on LF, bit for bit', async () => {
    const windows = join(parent, 'windows.txt');
    await writeFile(windows, `\ufeff${characters.replaceAll('\n', '\r\n').replace('THE', '\ufeffTHE')}`);
    const run = await create({ data: windows });
    expect(run.notices).toEqual([
      'The line ends of windows.txt (CRLF or CR) are read as line feeds. Byte order marks (U+FEFF) within windows.txt are left out.',
    ]);
    expect(results(await train(run))).toEqual(results(await train(await create())));
  });

  it('remembers the place of one that has moved', async () => {
    const first = join(parent, 'first.txt');
    await writeFile(first, characters);
    const run = await create({ data: first });
    const folder = run.folder.path;
    await train(run, 1);
    const second = join(parent, 'deep', 'second.txt');
    await mkdir(join(parent, 'deep'));
    await rename(first, second);
    await expect(TrainingRun.resume({ folder, ...machine })).rejects.toMatchObject({
      code: 'file',
      message: `the text of the run ${folder} is no longer at ${first}`,
      options: ['data'],
    });
    await train(await TrainingRun.resume({ folder, data: second, ...machine }), 2);
    expect((await RunFolder.open(folder)).config.data.source).toBe('../deep/second.txt');
    await (await TrainingRun.resume({ folder, ...machine })).dispose();
  });

  it('says what cannot be a text, briefly', async () => {
    const long = 'To be or not to be.\n'.repeat(50_000);
    for (const [data, message] of [
      [long, /^'To be or not to be\.\n.*…' \(1000000 characters\) is neither a corpus nor a file$/s],
      ['x'.repeat(5000), /is neither a corpus nor a file$/],
      ['', /^'' is neither/],
      [new URL('https://example.org/my.txt'), /^'https:\/\/example\.org\/my\.txt' is neither/],
      [7, /^a text cannot be loaded from 7$/],
      [null, /^a text cannot be loaded from null$/],
      [{ text: 7 }, /^a text cannot be loaded from an object of type Object$/],
      [{ text: '' }, /^'text' is empty$/],
      [Uint8Array.of(0xff), /^the text is not UTF-8 text/],
    ] as const) {
      const failure = await create({ data: data as never }).catch((reason) => reason);
      expect(failure).toBeInstanceOf(NanobardError);
      expect(failure.message).toMatch(message);
      expect(failure.message.length).toBeLessThan(200);
    }
  });
});
