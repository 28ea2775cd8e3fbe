import { NanobardError } from '../../engine/errors.ts';

/** The longest string that V8 holds: no text can be longer. */
export const MAX_TEXT_LENGTH = 2 ** 29 - 24;

/**
 * The text of UTF-8 bytes, strictly: a byte order mark is left out, everything else (line ends too) stays as
 * it is. `name` says in errors where the bytes come from.
 *
 * Throws NanobardError('file') when there is no text, when the bytes are not UTF-8, and when they contain NUL,
 * which no text does.
 */
export function decodeText(bytes: Uint8Array, name: string): string {
  const nul = bytes.indexOf(0);
  if (nul >= 0) throw notText(name, `byte ${nul} is NUL`);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    const position = firstInvalid(bytes);
    throw notText(name, `byte ${position} (0x${bytes[position]!.toString(16)}) is not UTF-8`, cause);
  }
  if (text === '')
    throw new NanobardError('file', `${name} is empty`, { hint: 'Use a file with text in it.' });
  return text;
}

/**
 * The UTF-8 bytes of a text that begins with UTF-16's byte order mark; other bytes as they are.
 *
 * Throws NanobardError('file') where it is not UTF-16 after all.
 */
export function toUtf8(bytes: Uint8Array, name: string): Uint8Array {
  const littleEndian = bytes[0] === 0xff && bytes[1] === 0xfe;
  if (!littleEndian && !(bytes[0] === 0xfe && bytes[1] === 0xff)) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let text = '';
  try {
    text = new TextDecoder(littleEndian ? 'utf-16le' : 'utf-16be', { fatal: true }).decode(bytes);
  } catch (cause) {
    const position = firstUnpaired(view, littleEndian);
    throw notText(name, `byte ${position} is not UTF-16, as which the file begins`, cause);
  }
  const nul = text.indexOf('\0');
  if (nul >= 0) throw notText(name, `byte ${2 + 2 * nul} is NUL`);
  return new TextEncoder().encode(text);
}

/**
 * Makes of a UTF-8 text, in place, what Python's text mode reads: CRLF and CR become line feeds. Byte order marks, which
 * stay behind where files are joined, are left out. (In place: a text of 100 MB is large enough once.)
 *
 * @param name what the text is called in notices
 * @returns the part of `bytes` that holds the text now, and what was changed, a sentence each
 */
export function normalizeText(bytes: Uint8Array, name: string): { bytes: Uint8Array; notices: string[] } {
  let [length, returns, marks] = [0, 0, 0];
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte === 0x0d) {
      returns++;
      if (bytes[i + 1] !== 0x0a) bytes[length++] = 0x0a;
    } else if (byte === 0xef && bytes[i + 1] === 0xbb && bytes[i + 2] === 0xbf) {
      if (i > 0) marks++; // one at the beginning is usual
      i += 2;
    } else {
      bytes[length++] = byte;
    }
  }
  const notices = [
    ...(returns > 0 ? [`The line ends of ${name} (CRLF or CR) are read as line feeds.`] : []),
    ...(marks > 0 ? [`Byte order marks (U+FEFF) within ${name} are left out.`] : []),
  ];
  return { bytes: bytes.subarray(0, length), notices };
}

function notText(name: string, where: string, cause?: unknown): NanobardError {
  return new NanobardError('file', `${name} is not UTF-8 text: ${where}, counted from 0`, {
    hint: 'If it is text in another encoding (Latin-1, GBK, …), save it as UTF-8 first.',
    cause,
  });
}

/** Where the first malformed sequence begins: it comes out of a lenient decoder as U+FFFD. */
function firstInvalid(bytes: Uint8Array): number {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  let position = 0;
  for (let from = 0; ; ) {
    const mark = text.indexOf('\uFFFD', from);
    position += new TextEncoder().encode(text.slice(from, mark)).length;
    const genuine = bytes[position] === 0xef && bytes[position + 1] === 0xbf && bytes[position + 2] === 0xbd;
    if (!genuine) return position;
    position += 3;
    from = mark + 1;
  }
}

/** Where UTF-16 stops making sense: at a surrogate without its other half, or a byte too many. */
function firstUnpaired(view: DataView, littleEndian: boolean): number {
  const end = view.byteLength - (view.byteLength % 2);
  for (let at = 2; at < end; at += 2) {
    const unit = view.getUint16(at, littleEndian);
    if (unit < 0xd800 || unit > 0xdfff) continue;
    const next = at + 2 < end ? view.getUint16(at + 2, littleEndian) : 0;
    if (unit > 0xdbff || next < 0xdc00 || next > 0xdfff) return at;
    at += 2;
  }
  return end;
}
