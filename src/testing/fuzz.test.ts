import { describe, expect, it } from 'vitest';
import { NanobardError } from '../engine/errors.ts';
import { damagedFile, fuzz, type Reader, report } from './fuzz.ts';
import { readers } from './readers.ts';

const CASES = 10_000;

describe('whatever bytes they are given, readers return or throw a NanobardError', () => {
  it.each(readers)(
    '$name',
    async (reader) => {
      const fuzzed = await fuzz(reader, { cases: CASES });
      expect(report(reader, fuzzed)).toBe('');
      expect(fuzzed.accepted).toBeGreaterThan(CASES / 200); // damage that is always noticed at once tries little
    },
    120_000,
  );
});

describe('fuzz', () => {
  const files = (): Uint8Array[] => [Buffer.from('{"count":3,"list":[1,2]}')];
  const failing = (read: Reader['read']): Reader => ({ name: 'bad', files, read });

  it('makes the same file of the same number, and others of others', () => {
    const reader = failing(() => {});
    const file = (number: number): string =>
      Buffer.from(damagedFile(reader, files(), number)).toString('hex');
    expect(file(7)).toBe(file(7));
    expect(new Set(Array.from({ length: 200 }, (_, number) => file(number))).size).toBeGreaterThan(150);
  });

  it.each<[string, Reader['read'], string]>([
    ['another error', (bytes) => JSON.parse(Buffer.from(bytes).toString()), 'is not ours: SyntaxError'],
    [
      'blame of ourselves',
      (bytes) => {
        if (bytes.length !== 24) throw new NanobardError('internal', 'cannot be');
      },
      'blamed itself',
    ],
    [
      'memory beyond the file',
      (bytes) => {
        const { maxRSS } = process.resourceUsage(); // kB
        if (bytes.length !== 24) Buffer.alloc(1024 * maxRSS - process.memoryUsage.rss() + 2 ** 27, 1);
      },
      'bytes too many',
    ],
  ])('finds %s, and says how to have it again', async (_, read, problem) => {
    const fuzzed = await fuzz(failing(read), { from: 3, cases: 5 });
    expect(fuzzed.failures.length).toBeGreaterThan(0);
    expect(report(failing(read), fuzzed)).toContain(`npm run fuzz -- bad ${fuzzed.failures[0]?.number}`);
    expect(report(failing(read), fuzzed)).toContain(problem);
  });
});
