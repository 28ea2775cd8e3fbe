import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createDevice as createAnywhere, type DeviceOptions } from '../engine/devices/create.ts';
import type { Device } from '../engine/devices/device.ts';
import type { Memo } from '../engine/devices/memo.ts';
import { version } from '../version.ts';
import { userCacheFolder } from './downloaded-corpus.ts';
import { sha256, writeAtomically } from './files.ts';

/** Keeps measurements in files of a folder, the user's cache by default. Another version of nanobard measures anew. */
export class FileMemo implements Memo {
  private readonly folder: () => Promise<string>;

  constructor(folder?: string) {
    this.folder = async () => folder ?? join(await userCacheFolder(), 'measured');
  }

  /** A file that cannot be read is none: it is measured again. */
  async get(key: string): Promise<string | undefined> {
    return readFile(await this.path(key), 'utf8').catch(() => undefined);
  }

  /** What cannot be written is measured again. */
  async set(key: string, text: string): Promise<void> {
    const path = await this.path(key);
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeAtomically(path, text);
    } catch {}
  }

  private async path(key: string): Promise<string> {
    return join(await this.folder(), `${version}-${sha256(key).slice(0, 16)}.json`);
  }
}

/** `createDevice`, which remembers from one process to the next what it has measured. */
export function createDevice(options: DeviceOptions = {}): Promise<Device> {
  return createAnywhere({ memo: new FileMemo(), ...options });
}
