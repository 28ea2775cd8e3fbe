/** A few files in folders of one level: `<folder>/<name>`. */
export interface Files {
  /** Whether they outlive the page. */
  readonly lasting: boolean;
  folders(): Promise<string[]>;
  read(folder: string, name: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  write(folder: string, name: string, bytes: Uint8Array): Promise<void>;
  append(folder: string, name: string, bytes: Uint8Array): Promise<void>;
  remove(folder: string): Promise<void>;
}

/** Files in the browser's own storage for this page; in memory where it has none. */
export async function openFiles(name: string): Promise<Files> {
  try {
    const root = await navigator.storage.getDirectory();
    return new StoredFiles(await root.getDirectoryHandle(name, { create: true }));
  } catch {
    return new FilesInMemory();
  }
}

/** The origin private file system (https://fs.spec.whatwg.org), by handles that only workers have: written is written. */
class StoredFiles implements Files {
  readonly lasting = true;
  private readonly root: FileSystemDirectoryHandle;

  constructor(root: FileSystemDirectoryHandle) {
    this.root = root;
  }

  async folders(): Promise<string[]> {
    const names: string[] = [];
    for await (const [name, handle] of this.root.entries()) if (handle.kind === 'directory') names.push(name);
    return names;
  }

  async read(folder: string, name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      const handle = await (await this.root.getDirectoryHandle(folder)).getFileHandle(name);
      return new Uint8Array(await (await handle.getFile()).arrayBuffer());
    } catch (error) {
      if (error instanceof DOMException && error.name === 'NotFoundError') return undefined;
      throw error;
    }
  }

  write(folder: string, name: string, bytes: Uint8Array): Promise<void> {
    return this.withHandle(folder, name, (handle) => {
      handle.truncate(0);
      handle.write(bytes, { at: 0 });
    });
  }

  append(folder: string, name: string, bytes: Uint8Array): Promise<void> {
    return this.withHandle(folder, name, (handle) => void handle.write(bytes, { at: handle.getSize() }));
  }

  async remove(folder: string): Promise<void> {
    await this.root.removeEntry(folder, { recursive: true });
  }

  private async withHandle(
    folder: string,
    name: string,
    use: (handle: FileSystemSyncAccessHandle) => void,
  ): Promise<void> {
    const directory = await this.root.getDirectoryHandle(folder, { create: true });
    const file = await directory.getFileHandle(name, { create: true });
    const handle = await file.createSyncAccessHandle();
    try {
      use(handle);
      handle.flush();
    } finally {
      handle.close();
    }
  }
}

class FilesInMemory implements Files {
  readonly lasting = false;
  private readonly all = new Map<string, Map<string, Uint8Array<ArrayBuffer>>>();

  async folders(): Promise<string[]> {
    return [...this.all.keys()];
  }

  async read(folder: string, name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.all.get(folder)?.get(name)?.slice();
  }

  async write(folder: string, name: string, bytes: Uint8Array): Promise<void> {
    const files = this.all.get(folder) ?? new Map<string, Uint8Array<ArrayBuffer>>();
    this.all.set(folder, files.set(name, Uint8Array.from(bytes)));
  }

  async append(folder: string, name: string, bytes: Uint8Array): Promise<void> {
    const before = this.all.get(folder)?.get(name) ?? new Uint8Array();
    const joined = new Uint8Array(before.length + bytes.length);
    joined.set(before);
    joined.set(bytes, before.length);
    await this.write(folder, name, joined);
  }

  async remove(folder: string): Promise<void> {
    this.all.delete(folder);
  }
}
