import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createStyle } from '../style.ts';
import { crop, displayWidth, flow, printable } from './terminal-text.ts';

describe('displayWidth', () => {
  it.each([
    ['abc', 3],
    [createStyle(true).red('abc'), 3],
    ['Grüße', 5],
    ['天地玄黃', 8],
    ['한글', 4],
    ['a\u{1f600}b', 4],
    ['━●', 2],
  ])('%s', (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });
});

it('crop keeps the longest beginning that fits', () => {
  expect(crop('abcdef', 4)).toBe('abcd');
  expect(crop('天地玄黃', 5)).toBe('天地');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(20), (text, columns) => {
      const cropped = crop(text, columns);
      expect(text.startsWith(cropped)).toBe(true);
      expect(displayWidth(cropped)).toBeLessThanOrEqual(columns);
    }),
  );
});

it('flow fills lines, keeps every item and splits none', () => {
  expect(flow(['loss 1.2', '57 ms', 'lr 1e-3'], 18)).toEqual(['loss 1.2 · 57 ms', 'lr 1e-3']);
  expect(flow(['wider than the line'], 5)).toEqual(['wider than the line']);
  expect(flow([], 5)).toEqual([]);
  const items = fc.array(fc.stringMatching(/^[a-z]{1,10}$/));
  fc.assert(
    fc.property(items, fc.integer({ min: 10, max: 40 }), (words, columns) => {
      const lines = flow(words, columns, ' ');
      expect(lines.join(' ')).toBe(words.join(' '));
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
    }),
  );
});

it('printable shows control characters as pictures', () => {
  expect(printable('a\tb\nc')).toBe('a\tb\nc');
  expect(printable('\u001b[31m\r\u0000\u007f\u009b天\u{1f600}')).toBe('␛[31m␍␀␡\ufffd天\u{1f600}');
});
