// Damage to files, as disks, networks and attackers do it: each kind takes a good file and gives another one.

import type { Generator } from '../engine/tensor/generator.ts';

type Mutation = (bytes: Buffer, random: Generator, others: readonly Uint8Array[]) => Buffer;

const pick = <T>(from: readonly T[], random: Generator): T => from[random.randint(from.length)]!;
/** A place in the file, its end included; half of the time near its beginning, where headers are. */
const place = ({ length }: Buffer, random: Generator): number =>
  random.randint(random.randint(2) === 0 ? length + 1 : Math.min(length, 64) + 1);
const replaced = (bytes: Buffer, at: number, count: number, by: Uint8Array): Buffer =>
  Buffer.concat([bytes.subarray(0, at), by, bytes.subarray(at + count)]);

/** Where numerals, quoted strings and other values of JSON stand. */
const NUMERALS = /-?\d+(\.\d+)?/g;
const VALUES = /"[^"\\]*"|-?\d+(\.\d+)?|true|false|null|\[[^[\]]*\]|\{[^{}]*\}/g;

function replaceMatch(bytes: Buffer, pattern: RegExp, random: Generator, by: string): Buffer {
  const found = [...bytes.toString('latin1').matchAll(pattern)];
  if (found.length === 0) return bytes;
  const { index, 0: text } = pick(found, random);
  return replaced(bytes, index, text.length, Buffer.from(by));
}

const LENGTHS = [0n, 1n, 2n, 7n, 255n, 2n ** 16n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n];
const LONG_LENGTHS = [
  ...LENGTHS,
  2n ** 40n,
  2n ** 53n,
  2n ** 53n + 1n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
];
const NUMBERS = [
  ...[
    '0',
    '-0',
    '-1',
    '1',
    '2',
    '0.5',
    '-1e-9',
    '1e999',
    '-1e999',
    '255',
    '65536',
    '2147483648',
    '4294967296',
  ],
  ...[
    '9007199254740991',
    '9007199254740993',
    '1e15',
    '1e308',
    '100000000000000000000000000',
    '00',
    '1e',
    '.5',
  ],
  ...['NaN', 'Infinity', '100000', '1000000000', '0x10', '"1"'],
];
const TOKENS = [
  ...[
    'null',
    'true',
    '[]',
    '{}',
    '""',
    '"__proto__"',
    '"constructor"',
    '"toString"',
    '"length"',
    '[null]',
    '[[]]',
  ],
  ...[
    '{"__proto__":{"polluted":1}}',
    '{"constructor":{"prototype":{"polluted":1}}}',
    '"\\ud800"',
    '"\\u0000"',
    '"../../x"',
  ],
];
const OPENERS = ['[', '{"a":', '[{"a":', '[[],', '"', '{'];

/** One kind of damage each. */
export const mutations: Readonly<Record<string, Mutation>> = {
  truncate: (bytes, random) => bytes.subarray(0, random.randint(bytes.length + 1)),
  flip(bytes, random) {
    const changed = Buffer.from(bytes);
    if (bytes.length === 0) return changed;
    for (let n = 1 + random.randint(8); n > 0; n--) {
      const at = Math.min(place(bytes, random), bytes.length - 1);
      changed[at]! ^= 1 << random.randint(8);
    }
    return changed;
  },
  /** A length or count of 1, 4 or 8 bytes, little-endian, that is not the file's. */
  lie(bytes, random) {
    const changed = Buffer.from(bytes);
    const size = pick([1, 4, 8], random);
    if (bytes.length < size) return changed;
    const at = Math.min(place(bytes, random), bytes.length - size);
    if (size === 1) changed[at] = pick([0, 1, 0x7f, 0x80, 0xff, 0x7b, 0x22], random);
    else if (size === 4) changed.writeUInt32LE(Number(pick(LENGTHS, random) & 0xffffffffn), at);
    else changed.writeBigUInt64LE(pick(LONG_LENGTHS, random), at);
    return changed;
  },
  count: (bytes, random) => replaceMatch(bytes, NUMERALS, random, pick(NUMBERS, random)),
  token: (bytes, random) => replaceMatch(bytes, VALUES, random, pick(TOKENS, random)),
  /** Brackets in brackets: up to a thousand, now and then a hundred thousand, as deep as no stack is. */
  nest(bytes, random) {
    const depth = random.randint(64) === 0 ? 100_000 : pick([3, 10, 100, 1000], random);
    const opener = pick(OPENERS, random);
    const nested =
      random.randint(2) === 0 ? opener.repeat(depth) : `${'['.repeat(depth)}${']'.repeat(depth)}`;
    if (random.randint(2) === 0) return replaceMatch(bytes, VALUES, random, nested);
    return replaced(bytes, place(bytes, random), 0, Buffer.from(nested));
  },
  /** A piece of this file or another one, in between or over what is there. */
  splice(bytes, random, others) {
    const from = pick([bytes, ...others], random);
    const begin = random.randint(from.length + 1);
    const piece = from.subarray(begin, begin + random.randint(256));
    return replaced(bytes, place(bytes, random), random.randint(2) === 0 ? 0 : piece.length, piece);
  },
  cut: (bytes, random) => replaced(bytes, place(bytes, random), random.randint(64), Buffer.alloc(0)),
  /** A member, line or entry twice: duplicate names. */
  double(bytes, random) {
    const begin = place(bytes, random);
    const found = bytes.indexOf(pick([',', '\n', '}', ']'], random), begin);
    const end = found < 0 ? Math.min(bytes.length, begin + 16) : found + 1;
    return replaced(bytes, end, 0, bytes.subarray(begin, end));
  },
};

const kinds = Object.values(mutations);

/** A file with one to four kinds of damage, each drawn from `random`. */
export function mutate(bytes: Uint8Array, random: Generator, others: readonly Uint8Array[] = []): Buffer {
  let mutated = Buffer.from(bytes);
  for (let n = 1 + random.randint(4); n > 0; n--)
    mutated = Buffer.from(pick(kinds, random)(mutated, random, others));
  return mutated;
}
