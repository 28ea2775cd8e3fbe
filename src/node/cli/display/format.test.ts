import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatLoss,
  formatMilliseconds,
  formatRate,
} from './format.ts';

describe('numbers for people', () => {
  it.each([
    [formatCount(1_115_394), '1,115,394'],
    [formatRate(512.4), '512'],
    [formatRate(13_812), '13.8 k'],
    [formatRate(1_934_000), '1.93 M'],
    [formatRate(2.5e9), '2.5 B'],
    [formatRate(0), '0'],
    [formatDuration(0), '0.00 s'],
    [formatDuration(0.42), '0.42 s'],
    [formatDuration(4.25), '4.3 s'],
    [formatDuration(9.97), '10 s'],
    [formatDuration(59.4), '59 s'],
    [formatDuration(59.6), '1 min 0 s'],
    [formatDuration(72), '1 min 12 s'],
    [formatDuration(3599.7), '1 h 0 min'],
    [formatDuration(7500), '2 h 5 min'],
    [formatDuration(86_399), '1 d 0 h'],
    [formatDuration(100 * 3600), '4 d 4 h'],
    [formatMilliseconds(0.1), '0.10 ms'],
    [formatMilliseconds(57.3), '57 ms'],
    [formatMilliseconds(999.7), '1.0 s'],
    [formatMilliseconds(1234), '1.2 s'],
    [formatBytes(45_001), '44 kB'],
    [formatBytes(13e6), '13 MB'],
    [formatBytes(1.3e9), '1.2 GB'],
    [formatLoss(1.88), '1.8800'],
  ])('%s', (formatted, expected) => {
    expect(formatted).toBe(expected);
  });
});
