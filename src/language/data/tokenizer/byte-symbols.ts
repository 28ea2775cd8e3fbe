/**
 * How GPT-2 writes bytes as characters, so that tokens can be read and stand in lists separated by spaces: printable
 * bytes of Latin-1 as themselves, the others as U+0100, U+0101, … in their order (`bytes_to_unicode` in GPT-2's
 * encoder.py; a space is 'Ġ').
 */
const isPrintable = (byte: number): boolean => (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);

const all = Array.from({ length: 256 }, (_, byte) => byte);

/** The bytes in the order of their symbols: token `i` of GPT-2, and of what Hugging Face's trainer makes, is this byte. */
export const BYTE_ORDER: readonly number[] = [
  ...all.filter(isPrintable),
  ...all.filter((byte) => !isPrintable(byte)),
];

const others = BYTE_ORDER.slice(all.filter(isPrintable).length);
const symbols = all.map((byte) =>
  String.fromCharCode(isPrintable(byte) ? byte : 0x100 + others.indexOf(byte)),
);
const bytes = new Map(symbols.map((symbol, byte) => [symbol, String.fromCharCode(byte)]));

/** The symbols of bytes, given as a string of U+0000 to U+00FF. */
export function toSymbols(binary: string): string {
  let text = '';
  for (let i = 0; i < binary.length; i++) text += symbols[binary.charCodeAt(i)];
  return text;
}

/** The bytes of symbols; undefined if one of them is no symbol of a byte. */
export function fromSymbols(text: string): string | undefined {
  let binary = '';
  for (const symbol of text) {
    const byte = bytes.get(symbol);
    if (byte === undefined) return undefined;
    binary += byte;
  }
  return binary;
}
