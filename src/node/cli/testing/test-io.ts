import { EventEmitter } from 'node:events';
import type { Io, Output } from '../io.ts';

/** An output that remembers what was written; a terminal if it has a size. */
export class TestOutput extends EventEmitter implements Output {
  readonly writes: string[] = [];
  readonly isTTY: boolean;
  readonly columns?: number;
  readonly rows?: number;
  private readonly written: (text: string) => void;

  constructor(size?: { columns: number; rows: number }, written: (text: string) => void = () => {}) {
    super();
    this.isTTY = size !== undefined;
    this.written = written;
    if (size) Object.assign(this, size);
  }

  write(text: string): boolean {
    this.writes.push(text);
    this.written(text);
    return true;
  }

  get text(): string {
    return this.writes.join('');
  }
}

export interface TestIo extends Io {
  readonly stdout: TestOutput;
  readonly stderr: TestOutput;
  readonly signals: EventEmitter;
  /** Codes that `exit` was called with. */
  readonly exits: number[];
}

/** What a command sees of a process that is not there. `written` is told of everything on standard output. */
export function testIo(
  options: {
    terminal?: { columns: number; rows: number };
    stdin?: readonly (string | Uint8Array)[];
    env?: Io['env'];
    written?: (text: string) => void;
  } = {},
): TestIo {
  const exits: number[] = [];
  const { stdin = [] } = options;
  return {
    stdin: {
      async *[Symbol.asyncIterator]() {
        yield* stdin;
      },
    },
    stdout: new TestOutput(options.terminal, options.written),
    stderr: new TestOutput(),
    env: options.env ?? {},
    signals: new EventEmitter(),
    exits,
    exit: (code) => exits.push(code),
    command: 'nanobard',
  };
}
