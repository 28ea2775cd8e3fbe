import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { plays } from '../../../language/data/plays.ts';
import { run } from '../main.ts';
import { type TestIo, testIo } from '../testing/test-io.ts';

let parent: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'nanobard-'));
  await writeFile(join(parent, 'my.txt'), plays({ characters: 2000, seed: 1 }));
  const flags = [
    '--max-iters',
    '20',
    '--eval-interval',
    '10',
    '--eval-iters',
    '1',
    '--learning-rate',
    '0.01',
    '--threads',
    '1',
  ];
  const args = ['train', 'bigram', '--data', join(parent, 'my.txt'), '--out', join(parent, 'run'), ...flags];
  expect(await run(args, testIo())).toBe(0);
});

afterEach(async () => {
  await rm(parent, { recursive: true });
});

async function evaluate(...args: string[]): Promise<TestIo & { code: number }> {
  const io = testIo();
  return Object.assign(io, { code: await run(['eval', ...args], io) });
}

it('prints loss, perplexity and bits, in words or as an object', async () => {
  const { code, stdout } = await evaluate(join(parent, 'run'));
  expect(code).toBe(0);
  expect(stdout.text).toMatch(
    /^\S+run, after step 20\nloss {8}\d\.\d{4} nats per token\nperplexity {2}\d+\.\d{3}\nbits {8}(\d\.\d{4}) per byte, \1 per character\nwhole validation split, 199 tokens in .*s\n$/,
  );
  const { type, loss, perplexity, bitsPerByte, step, tokens } = JSON.parse(
    (await evaluate(join(parent, 'run'), '--json')).stdout.text,
  );
  expect({ type, perplexity, bitsPerByte, step, tokens }).toEqual({
    ...{ type: 'eval', perplexity: Math.exp(loss), step: 20, tokens: 199 },
    bitsPerByte: expect.closeTo(loss / Math.LN2, 12), // all its characters are of one byte
  });
});

it('finds a text that has moved with its run, and takes another copy of it, but no other text', async () => {
  const before = await evaluate(join(parent, 'run'), '--json');
  const moved = join(parent, 'elsewhere');
  await mkdir(moved);
  await rename(join(parent, 'run'), join(moved, 'run'));
  await rename(join(parent, 'my.txt'), join(moved, 'my.txt'));
  const together = await evaluate(join(moved, 'run'), '--json');
  expect(JSON.parse(together.stdout.text).loss).toBe(JSON.parse(before.stdout.text).loss);

  await rename(join(moved, 'my.txt'), join(parent, 'renamed.txt'));
  const lost = await evaluate(join(moved, 'run'));
  expect(lost.code).toBe(1);
  expect(lost.stderr.text).toMatch(
    /the text of the run .* is no longer at .*my\.txt\nPut my\.txt there, .*See --data\./,
  );
  const told = await evaluate(join(moved, 'run'), '--data', join(parent, 'renamed.txt'), '--json');
  expect(JSON.parse(told.stdout.text).loss).toBe(JSON.parse(before.stdout.text).loss);
  const behind = await evaluate('--data', join(parent, 'renamed.txt'), join(moved, 'run'), '--json');
  expect(JSON.parse(behind.stdout.text).loss).toBe(JSON.parse(before.stdout.text).loss);

  const other = await evaluate(join(moved, 'run'), '--data', 'plays');
  expect([other.code, other.stderr.text]).toEqual([
    1,
    expect.stringContaining('was trained on another text than plays'),
  ]);
});
