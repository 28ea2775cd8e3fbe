import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createStyle } from '../style.ts';
import { displayWidth, flow, printable } from './terminal-text.ts';

it.each([
  ['abc', 3],
  [createStyle(true).red('abc'), 3],
  ['━● · …', 6],
])('displayWidth of %s', (text, width) => {
  expect(displayWidth(text)).toBe(width);
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
