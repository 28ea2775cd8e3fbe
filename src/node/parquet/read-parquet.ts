import type { Compressors, FileMetaData } from 'hyparquet';
import { NanobardError } from '../../engine/errors.ts';
import { shown } from '../../language/options.ts';
import { checkSize, noField, refusal } from '../refusal.ts';
import { checkPages } from './check-pages.ts';
import { readStruct } from './thrift.ts';

/**
 * A table may have this many rows, and this many more for each of its bytes: many rows of one value take few bytes, but no
 * table of texts has as many as could be claimed.
 */
const [ROWS, ROWS_PER_BYTE] = [2 ** 20, 8];
/** Behind the footer: its length, and the letters PAR1. */
const TRAILER = 8;

/**
 * The texts of a column of a Parquet file, without those that are missing. Whether the file has what it claims to have is
 * looked at first.
 *
 * @param place what the file is called in errors
 * @throws {NanobardError} code `file`
 */
export async function readParquet(bytes: Uint8Array, place: string, field: string): Promise<string[]> {
  const { parquetMetadataAsync, parquetRead, parquetSchema, snappyUncompress } = await import(
    'hyparquet'
  ).catch((cause: unknown) => {
    const message = `${place} is a Parquet file, and what reads it is not installed`;
    throw refusal(message, 'npm install hyparquet hyparquet-compressors', { options: [], cause });
  });
  // Snappy is built in; other compressions need the second package.
  const SNAPPY = (input: Uint8Array, size: number): Uint8Array => {
    const output = new Uint8Array(size);
    snappyUncompress(input, output);
    return output;
  };
  const compressors: Compressors = await import('hyparquet-compressors')
    .then((all) => all.compressors)
    .catch(() => ({ SNAPPY }));
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  try {
    readStruct(footerOf(bytes));
    const metadata = await parquetMetadataAsync(file);
    const columns = parquetSchema(metadata).children;
    const column = columns.find(({ element }) => element.name === field);
    if (!column)
      throw noField(
        place,
        field,
        columns.map(({ element }) => shown(element.name)),
      );
    const { type, repetition_type } = column.element;
    if (type !== 'BYTE_ARRAY' || repetition_type === 'REPEATED') throw noField(place, field, []);
    const optional = repetition_type !== 'REQUIRED';
    checkSize(checkColumn(bytes, metadata, { field, optional, compressors }), place);

    const texts: string[] = [];
    let rowStart = 0;
    for (const { num_rows } of metadata.row_groups) {
      const rowEnd = rowStart + Number(num_rows);
      const read = (value: unknown): void => {
        if (typeof value === 'string') texts.push(value);
        else if (value !== null && value !== undefined) throw noField(place, field, []);
      };
      const chunks: Iterable<unknown>[] = [];
      const onChunk = ({ columnData }: { columnData: Iterable<unknown> }): number => chunks.push(columnData);
      await parquetRead({ file, metadata, columns: [field], rowStart, rowEnd, compressors, onChunk });
      for (const chunk of chunks) for (const value of chunk) read(value);
      rowStart = rowEnd;
    }
    return texts;
  } catch (cause) {
    if (cause instanceof NanobardError) throw cause;
    const message = `${place} cannot be read as Parquet: ${(cause as Error).message}`;
    throw refusal(message, 'The file may be damaged.', { cause });
  }
}

function footerOf(bytes: Uint8Array): Uint8Array {
  if (bytes.length < TRAILER) throw new Error('it is too short');
  const end = bytes.length - TRAILER;
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(end, true);
  if (length > end) throw new Error(`its footer is said to have ${length} bytes`);
  return bytes.subarray(end - length, end);
}

/** @returns how many bytes the pages of a column have in all, decompressed */
function checkColumn(
  bytes: Uint8Array,
  { row_groups }: FileMetaData,
  { field, optional, compressors }: { field: string; optional: boolean; compressors: Compressors },
): number {
  const most = ROWS + ROWS_PER_BYTE * bytes.length;
  const rows = row_groups.reduce((sum, { num_rows }) => sum + Number(num_rows), 0);
  if (rows > most) throw new Error(`it says that it has ${rows} rows in ${bytes.length} bytes`);
  let size = 0;
  for (const { columns, num_rows } of row_groups) {
    if (num_rows < 0) throw new Error(`it says that it has ${num_rows} rows`);
    for (const { meta_data } of columns) {
      if (meta_data?.path_in_schema[0] !== field) continue;
      const { codec, dictionary_page_offset, data_page_offset, total_compressed_size } = meta_data;
      const start = Number(dictionary_page_offset || data_page_offset);
      const end = start + Number(total_compressed_size);
      if (meta_data.type !== 'BYTE_ARRAY' || !(start >= 0 && end >= start && end <= bytes.length))
        throw new Error(`a part of its column ${shown(field)} lies from byte ${start} to ${end}`);
      const decompress = (page: Uint8Array, length: number): Uint8Array => {
        if (codec === 'UNCOMPRESSED') return page;
        const decompressor = compressors[codec];
        if (!decompressor) throw new Error(`its compression ${codec} is not supported`);
        const decompressed = decompressor(page, length);
        if (decompressed.length !== length) throw new Error(`a page does not have ${length} bytes`);
        return decompressed;
      };
      const chunk = bytes.subarray(start, end);
      size += checkPages({ bytes: chunk, rows: Number(num_rows), optional, mostValues: most, decompress });
    }
  }
  return size;
}
