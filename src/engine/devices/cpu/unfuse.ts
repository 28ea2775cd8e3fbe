// The kernels for engines without relaxed SIMD, made from those with it where they are wanted, so that pages load one build.
// Of relaxed SIMD, kernels have fused multiply-add alone. The binary format: WebAssembly's specification, §5.

const [SIMD, MADD, NMADD, RELAXED] = [0xfd, 0x85, 0x86, 0x02];
const [GET, SET, MUL, ADD, NEG] = [0x20, 0x21, [0xfd, 0xe6, 0x01], [0xfd, 0xe4, 0x01], [0xfd, 0xe1, 0x01]];
const V128 = 0x7b;
const [TYPES, FUNCTIONS, CODE] = [1, 3, 10];

/** Whether a fused instruction begins there: a · b + c of a, b, c on the stack, or c − a · b. */
export const isFused = (bytes: Uint8Array, at: number): boolean =>
  bytes[at] === SIMD && (bytes[at + 1] === MADD || bytes[at + 1] === NMADD) && bytes[at + 2] === RELAXED;

/**
 * The same module with instructions that round each in place of fused ones. `binary` must look nowhere else as if one began:
 * scripts/build-kernels.ts sees to that.
 */
export function unfuse(binary: Uint8Array): Uint8Array<ArrayBuffer> {
  const plain = [...binary.subarray(0, 8)];
  const reader = new Reader(binary, 8);
  let parametersOf: number[] = [];
  let typeOf: number[] = [];
  while (reader.at < binary.length) {
    const id = reader.take(1)[0]!;
    const bytes = reader.take(reader.number());
    const section = new Reader(bytes);
    if (id === TYPES)
      parametersOf = section.list(() => {
        section.take(1);
        const [parameters] = [section.take(section.number()), section.take(section.number())]; // and results
        return parameters.length;
      });
    if (id === FUNCTIONS) typeOf = section.list(() => section.number());
    const content =
      id === CODE
        ? sized(section.list((i) => body(section.take(section.number()), parametersOf[typeOf[i]!]!)))
        : bytes;
    append(plain, [id], leb(content.length), content);
  }
  return Uint8Array.from(plain);
}

/** A function's body with one variable more, where c waits for a · b. */
function body(bytes: Uint8Array, parameters: number): ArrayLike<number> {
  const reader = new Reader(bytes);
  const groups = reader.list(() => [reader.number(), reader.take(1)[0]!] as const); // of variables of one type
  const variable = leb(groups.reduce((sum, [count]) => sum + count, parameters));
  const plain = [
    ...leb(groups.length + 1),
    ...groups.flatMap(([count, type]) => [...leb(count), type]),
    1,
    V128,
  ];
  for (let { at } = reader; at < bytes.length; at++) {
    if (!isFused(bytes, at)) {
      plain.push(bytes[at]!);
      continue;
    }
    const product = bytes[at + 1] === NMADD ? [...MUL, ...NEG] : MUL;
    plain.push(SET, ...variable, ...product, GET, ...variable, ...ADD);
    at += 2;
  }
  return plain;
}

class Reader {
  at: number;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  take(length: number): Uint8Array {
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  /** An unsigned number, seven bits a byte: see `leb`. */
  number(): number {
    for (let value = 0, shift = 0; ; shift += 7) {
      const byte = this.take(1)[0]!;
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  }

  list<T>(item: (i: number) => T): T[] {
    return Array.from({ length: this.number() }, (_, i) => item(i));
  }
}

const leb = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...leb(value >> 7)]);

/** A list of things, each after its length. */
function sized(things: readonly ArrayLike<number>[]): number[] {
  const bytes = leb(things.length);
  for (const thing of things) append(bytes, leb(thing.length), thing);
  return bytes;
}

function append(bytes: number[], ...more: readonly ArrayLike<number>[]): void {
  for (const part of more) for (let i = 0; i < part.length; i++) bytes.push(part[i]!);
}
