import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeText, normalizeText } from './text.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const bytes = (...parts: (string | number)[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'number' ? [part] : [...utf8(part)])));

describe('decodeText', () => {
  it('keeps the text as it is, line ends and all', () => {
    expect(decodeText(utf8('永é\r\n🎭\n\tx\r'), 'f')).toBe('永é\r\n🎭\n\tx\r');
  });

  it('leaves out a byte order mark at the beginning only', () => {
    expect(decodeText(utf8('\ufeffa\ufeffb'), 'f')).toBe('a\ufeffb');
  });

  it.each([
    ['Latin-1', bytes('caf', 0xe9, ' au lait'), 'byte 3 (0xe9) is not UTF-8'],
    ['a truncated character', bytes('ok 永').subarray(0, 5), 'byte 3 (0xe6) is not UTF-8'],
    ['a stray continuation', bytes('é', 0x80), 'byte 2 (0x80) is not UTF-8'],
    ['a surrogate', bytes('a', 0xed, 0xa0, 0x80), 'byte 1 (0xed) is not UTF-8'],
    ['an invalid byte after U+FFFD', bytes('\ufeffé\ufffd\ufffdx', 0xff), 'byte 12 (0xff) is not UTF-8'],
    ['UTF-16', bytes(0xff, 0xfe, 'a', 0, 'b', 0), 'byte 3 is NUL'],
    ['NUL', bytes('ab', 0, 'c'), 'byte 2 is NUL'],
  ])('says where bytes are not text: %s', (_, data, where) => {
    expect(() => decodeText(data, 'some.txt')).toThrow(`some.txt is not UTF-8 text: ${where}`);
    expect(() => decodeText(data, 'some.txt')).toThrow(
      expect.objectContaining({ code: 'file', hint: expect.stringContaining('save it as UTF-8') }),
    );
  });

  it('finds the first invalid byte in any text', () => {
    const anyText = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', '0'));
    fc.assert(
      fc.property(anyText, anyText, (before, after) => {
        const data = bytes(before, 0xff, after);
        expect(() => decodeText(data, 'f')).toThrow(`byte ${utf8(before).length} (0xff)`);
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['only a byte order mark', '\ufeff'],
  ])('refuses %s', (_, text) => {
    expect(() => decodeText(utf8(text), 'some.txt')).toThrow('some.txt is empty');
  });
});

describe('normalizeText', () => {
  const normalize = (written: string): { text: string; notices: string[] } => {
    const { bytes, notices } = normalizeText(utf8(written), 'my.txt');
    return { text: new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes), notices };
  };

  it.each([
    ['a\r\nb', 'a\nb', 1],
    ['a\rb\r', 'a\nb\n', 1],
    ['a\n\rb\r\r\nc', 'a\n\nb\n\nc', 1],
    ['\ufeffa', 'a', 0],
    ['\ufeffa\ufeff\ufeffb', 'ab', 1],
    ['\ufeff\r\ufeff\n', '\n\n', 2],
  ])('%j is read as %j, with %i notices', (written, read, count) => {
    const { text, notices } = normalize(written);
    expect(text).toBe(read);
    expect(notices).toHaveLength(count);
    for (const notice of notices) expect(notice).toContain('my.txt');
  });

  it('does what replacing would do, and leaves every other text as it is', () => {
    const anyText = fc
      .array(
        fc.oneof(
          fc.constantFrom('\r', '\n', '\r\n', '\ufeff', '永', '\uffff'),
          fc.string({ unit: 'binary' }),
        ),
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(anyText, (written) => {
        const { text, notices } = normalize(written);
        expect(text).toBe(written.replaceAll(/\r\n?/g, '\n').replaceAll('\ufeff', ''));
        if (!/\r|\ufeff/.test(written)) expect(notices).toEqual([]);
      }),
    );
  });
});
