import { zipSync } from 'fflate';
import type { ExportedFile } from 'nanobard/formats';
import type { NamedFile } from '../protocol.ts';

/** An exported model as one file to download: what several make up is zipped, without compressing weights in vain. */
export function packed(name: string, files: readonly ExportedFile[]): NamedFile {
  const base = name.trim().replaceAll(/[^\p{L}\p{N}._-]+/gu, '-') || 'model';
  const bytesOf = ({ data }: ExportedFile): Uint8Array =>
    typeof data === 'string' ? new TextEncoder().encode(data) : data;
  const [only] = files;
  if (files.length === 1 && only) {
    const ending = /\.[^.]+$/.exec(only.name)?.[0] ?? '';
    return { name: `${base}${ending}`, bytes: Uint8Array.from(bytesOf(only)) };
  }
  const folder = Object.fromEntries(files.map((file) => [`${base}/${file.name}`, bytesOf(file)]));
  return { name: `${base}.zip`, bytes: Uint8Array.from(zipSync(folder, { level: 0 })) };
}
