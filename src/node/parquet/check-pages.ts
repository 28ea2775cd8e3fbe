import { readStruct, readVarint, type Struct } from './thrift.ts';

// What decodes pages makes room for as many values as they say that they have. So it is looked at first whether they do.
// https://github.com/apache/parquet-format: src/main/thrift/parquet.thrift, Encodings.md

/** A column's bytes in one group of rows, and what its file says of it. */
export interface Chunk {
  readonly bytes: Uint8Array;
  readonly rows: number;
  /** Whether values may be missing. */
  readonly optional: boolean;
  /** More values than these no dictionary may have. */
  readonly mostValues: number;
  readonly decompress: (bytes: Uint8Array, size: number) => Uint8Array;
}

const pageTypes = { data: 0, dictionary: 2, dataV2: 3 };
/** The last packed run may be longer than the values that are left; no longer than this. */
const MAX_PACKED = 2 ** 28;
/** Of texts. What others say of lengths, as DELTA_BYTE_ARRAY's prefixes do, is not looked at here. */
const encodings = { plain: 0, plainDictionary: 2, deltaLengthByteArray: 6, rleDictionary: 8 };

/**
 * Holds what a column of texts says of itself against its bytes.
 *
 * @returns how many bytes its pages have, decompressed
 * @throws {Error} for one that claims more than it has
 */
export function checkPages(chunk: Chunk): number {
  let [at, rows, size] = [0, 0, 0];
  while (rows < chunk.rows && at < chunk.bytes.length - 1) {
    const header = readStruct(chunk.bytes, at);
    const end = header.end + count(header, 3, 'compressed bytes', chunk.bytes.length - header.end);
    const page = { header, bytes: chunk.bytes.subarray(header.end, end), size: count(header, 2, 'bytes') };
    rows += checkPage(page, chunk, chunk.rows - rows);
    size += page.size;
    at = end;
  }
  if (rows < chunk.rows) throw new Error(`it says that it has ${chunk.rows} rows, but it has ${rows}`);
  return size;
}

interface Page {
  readonly header: Struct;
  readonly bytes: Uint8Array;
  /** In bytes, decompressed. */
  readonly size: number;
}

/** @returns how many rows it has, at most `rows` */
function checkPage(page: Page, chunk: Chunk, rows: number): number {
  switch (page.header.fields.get(1)) {
    case pageTypes.dictionary:
      count(structOf(page.header, 7), 1, 'values', Math.min(page.size, chunk.mostValues));
      return 0;
    case pageTypes.data:
      return checkData(page, chunk, rows);
    case pageTypes.dataV2:
      return checkDataV2(page, chunk, rows);
    default:
      throw new Error('a page is of no known type');
  }
}

function checkData({ header, bytes, size }: Page, { optional, decompress }: Chunk, rows: number): number {
  const about = structOf(header, 5);
  const values = count(about, 1, 'values', rows);
  const data = decompress(bytes, size);
  let [at, present] = [0, values];
  if (optional) {
    const length = new DataView(data.buffer, data.byteOffset, data.length).getUint32(0, true);
    at = 4 + length;
    present = checkRuns(data.subarray(4, at), 1, values);
  }
  checkValues(about, 2, data.subarray(at), present);
  return values;
}

/** Levels lie before what is compressed. */
function checkDataV2({ header, bytes, size }: Page, { optional, decompress }: Chunk, rows: number): number {
  const about = structOf(header, 8);
  const values = count(about, 1, 'values', rows);
  const nulls = count(about, 2, 'missing values', values);
  count(about, 3, 'rows', values);
  const levels = count(about, 5, 'bytes of levels', Math.min(size, bytes.length));
  count(about, 6, 'bytes of repetitions', 0); // which a column of texts does not have
  if (optional) checkRuns(bytes.subarray(0, levels), 1, values);
  const rest = bytes.subarray(optional ? levels : 0);
  const isCompressed = about.fields.get(7) !== false && size > levels;
  checkValues(about, 4, isCompressed ? decompress(rest, size - levels) : rest, values - nulls);
  return values;
}

/** The values themselves, of the encoding that field `encoding` of the header names. */
function checkValues(about: Struct, encoding: number, data: Uint8Array, values: number): void {
  switch (about.fields.get(encoding)) {
    case encodings.plain:
      return;
    case encodings.deltaLengthByteArray:
      checkBlocks(data);
      return;
    case encodings.plainDictionary:
    case encodings.rleDictionary:
      if (values > 0 && data[0]! > 0) checkRuns(data.subarray(1), data[0]!, values);
      return;
    default:
      throw new Error('texts are encoded in a way that is not supported');
  }
}

/** What differences of lengths begin with (Encodings.md, DELTA_BINARY_PACKED = 5): how many are in a block and a part of it. */
function checkBlocks(data: Uint8Array): void {
  const block = readVarint(data, 0);
  const parts = readVarint(data, block.end);
  const size = block.value / parts.value;
  if (block.value > MAX_PACKED || block.value % 128 > 0 || size < 32 || size % 32 !== 0)
    throw new Error(`a page has blocks of ${block.value} values in ${parts.value} parts`);
}

/**
 * Runs of equal values and of packed ones of `width` bits each (Encodings.md, RLE = 3): `values` in all.
 *
 * @returns how many of them are odd: of levels, how many values are there
 */
function checkRuns(data: Uint8Array, width: number, values: number): number {
  let [at, seen, odd] = [0, 0, 0];
  while (seen < values) {
    if (at >= data.length) throw new Error(`a page says that it has ${values} values, but it has ${seen}`);
    const { value: head, end } = readVarint(data, at);
    at = end;
    const isPacked = head % 2 === 1;
    const length = isPacked ? Math.floor(head / 2) * 8 : head / 2;
    const left = values - seen;
    const needed = isPacked ? Math.ceil((Math.min(length, left) * width) / 8) : Math.ceil(width / 8);
    if (length > (isPacked ? MAX_PACKED : left) || needed > data.length - at)
      throw new Error(`a page has a run of ${length} values where ${left} are left`);
    if (!isPacked && data[at]! % 2 === 1) odd += length;
    if (isPacked && width === 1)
      for (let i = 0; i < Math.min(length, left); i++) odd += (data[at + (i >> 3)]! >> (i & 7)) & 1;
    seen += length;
    at += isPacked ? (length / 8) * width : needed;
  }
  return odd;
}

function structOf({ fields }: Struct, field: number): Struct {
  const value = fields.get(field);
  if (typeof value !== 'object') throw new Error('a page does not say what it is');
  return value;
}

/** A whole number of a header. */
function count({ fields }: Struct, field: number, what: string, most = Number.MAX_SAFE_INTEGER): number {
  const value = fields.get(field);
  if (typeof value !== 'number') throw new Error(`a page does not say how many ${what} it has`);
  if (value < 0 || value > most) throw new Error(`a page says that it has ${value} ${what}`);
  return value;
}
