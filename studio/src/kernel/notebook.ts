import type * as nanobard from 'nanobard';
import type { CompiledCell } from './cell.ts';
import { show } from './show.ts';

/** Modules that cells may import, by the name in their `import`, given the names asked for; without names, all. */
export type Modules = Readonly<Record<string, (names?: readonly string[]) => Promise<object>>>;

/** A chapter's cells, ready to run, in order. */
export interface CompiledChapter {
  readonly cells: readonly CompiledCell[];
}

/** What a notebook runs in. */
export interface NotebookHost {
  /** Everything that is no chapter: nanobard itself, and what draws. */
  readonly modules: Modules;
  /** The chapter that `./name.ts` is, where there is one. */
  readonly chapter: (name: string) => Promise<CompiledChapter> | undefined;
}

/** Thrown inside a cell that was stopped. */
export class Stopped extends Error {
  constructor() {
    super('stopped');
  }
}

type Scope = Record<string, unknown>;
type Print = (text: string) => void;
type Body = (
  scope: Scope,
  define: (names: Scope) => void,
  load: (module: string, names?: readonly string[]) => Promise<object>,
  console: object,
) => Promise<void>;

/** All chapters' names and what they stand for: cells run one after another, in any order, as in a notebook. */
export class Notebook {
  private readonly host: NotebookHost;
  private readonly scopes = new Map<string, Scope>();
  private readonly imported = new Map<string, Promise<void>>();
  /** Whether what runs now is a chapter that another imports: nobody is to see what it prints or draws. */
  quiet = false;

  constructor(host: NotebookHost) {
    this.host = host;
  }

  /** Runs a cell of a chapter. What it prints goes to `print`; what it throws is thrown. */
  async run(chapter: string, { code }: Pick<CompiledCell, 'code'>, print: Print): Promise<void> {
    const scope = this.scope(chapter);
    const define = (names: Scope): void => {
      const descriptors = Object.entries(Object.getOwnPropertyDescriptors(names));
      for (const [name, descriptor] of descriptors)
        Object.defineProperty(scope, name, { ...descriptor, configurable: true });
    };
    const log = (...values: unknown[]): void => print(values.map(show).join(' '));
    // A sloppy function may use `with`: names that the cell does not declare are looked up among the chapter's.
    const body = new Function(
      ...['$scope', '$define', '$import', 'console'],
      `with ($scope) { return (async () => {\n${code}\n})(); }`,
    ) as Body;
    await body(scope, define, (module, names) => this.load(module, names), {
      log,
      info: log,
      warn: log,
      error: log,
    });
  }

  private scope(chapter: string): Scope {
    let scope = this.scopes.get(chapter);
    if (!scope) {
      scope = Object.create(null) as Scope;
      this.scopes.set(chapter, scope);
    }
    return scope;
  }

  private async load(name: string, names?: readonly string[]): Promise<object> {
    const chapter = /^\.\/(.+)\.ts$/.exec(name)?.[1];
    const source = chapter && this.host.chapter(chapter);
    if (source) {
      await this.upToShared(chapter, source);
      return this.scope(chapter);
    }
    const module = this.host.modules[name];
    if (module) return module(names);
    throw new Error(
      `There is no module ${name} here: cells import ${Object.keys(this.host.modules).join(', ')} and chapters.`,
    );
  }

  /** Runs a chapter's cells quietly, up to the last that shares something; those that the reader ran stay as they are. */
  private upToShared(name: string, chapter: Promise<CompiledChapter>): Promise<void> {
    let running = this.imported.get(name);
    if (!running) {
      running = chapter.then(async ({ cells }) => {
        if (cells.every(({ shared, code }) => !shared || this.ran(name, code))) return;
        const last = cells.findLastIndex(({ shared }) => shared);
        for (const cell of cells.slice(0, last + 1)) {
          if (!this.ran(name, cell.code)) await this.runQuietly(name, cell);
        }
      });
      running.catch(() => this.imported.delete(name)); // to be tried again
      this.imported.set(name, running);
    }
    return running;
  }

  private async runQuietly(name: string, cell: CompiledCell): Promise<void> {
    const before = this.quiet;
    this.quiet = true;
    try {
      await this.run(name, cell, () => {});
    } finally {
      this.quiet = before;
    }
  }

  /** Whether all that a cell declares is there: the reader has run it, perhaps with changes. */
  private ran(chapter: string, code: string): boolean {
    const names = [...code.slice(0, code.indexOf('\n')).matchAll(/get (\S+)\(\)/g)].map(([, name]) => name!);
    return names.length > 0 && names.every((name) => name in this.scope(chapter));
  }
}

/** `createDevice` for cells: what a device computes for them can be stopped, and lets messages in between. */
export function stoppable(
  createDevice: typeof nanobard.createDevice,
  checkpoint: () => Promise<void> | undefined,
): typeof nanobard.createDevice {
  return async (options) => {
    const device = await createDevice(options);
    const compile: typeof device.compile = (fn, sources) => {
      const compiled = device.compile(fn, sources);
      const call = async (...args: Parameters<typeof compiled>) => {
        await checkpoint();
        return compiled(...args);
      };
      return Object.assign(call, compiled);
    };
    return new Proxy(device, {
      get: (target, name) => {
        if (name === 'compile') return compile;
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  };
}
