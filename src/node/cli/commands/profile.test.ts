import { expect, it } from 'vitest';
import { run } from '../main.ts';
import { testIo } from '../testing/test-io.ts';
import { table } from './profile.ts';

it('table: what each operation takes, in columns', () => {
  const operations = [
    { op: 'linear', calls: 17, ms: 12.5, gflops: 100 },
    { op: 'gelu', calls: 4, ms: 2.5, gflops: 50 },
  ];
  expect(table({ stepMs: 14.8, peakGflops: 125, operations }, (text) => text)).toEqual([
    'operation  calls     ms  of step  GFLOP/s  of peak',
    'linear        17  12.50     83 %    100.0     80 %',
    'gelu           4   2.50     17 %     50.0     40 %',
    '',
    'a step takes 14.8 ms (15.0 one operation at a time); a large matrix product reaches 125 GFLOP/s here, the peak',
  ]);
});

it('train --profile measures the recipe with its changes, and prints a table or an object', async () => {
  const args = ['train', 'bigram', '--profile', '--data', 'plays', '--threads', '1', '--batch-size', '2'];
  const io = testIo();
  expect(await run(args, io)).toBe(0);
  expect(io.stdout.text).toMatch(/^operation +calls[\s\S]*\nadamw +1\.*[\s\S]*\na step takes .* the peak\n$/);
  const json = testIo();
  await run([...args, '--json'], json);
  const { type, operations } = JSON.parse(json.stdout.text);
  expect(type).toBe('profile');
  expect(operations.map(({ op }: { op: string }) => op)).toContain('embedding');
});

it('train --profile is of a recipe, not of a run', async () => {
  const io = testIo();
  expect(await run(['train', '--profile', '--resume'], io)).toBe(2);
  expect(io.stderr.text).toContain("'--profile' cannot be used with option '--resume'");
});
