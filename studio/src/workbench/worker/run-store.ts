import { Curve, type CurveData, decodeCheckpoint, type TrainEvent, type TrainerState } from 'nanobard';
import type { Snapshot, StoredRun } from '../protocol.ts';
import type { Files } from './files.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The state to go on from is written to one of two files in turn; `slot.json` then says to which. */
const SLOTS = ['state-a.safetensors', 'state-b.safetensors'] as const;

const lines = (items: readonly unknown[]): Uint8Array =>
  encoder.encode(items.map((item) => `${JSON.stringify(item)}\n`).join(''));

/** What is kept of each run in the browser: run.json, text.txt, metrics.jsonl, two states, the best model. */
export class RunStore {
  readonly files: Files;
  private readonly known = new Map<string, StoredRun>();
  private readonly changed: (runs: readonly StoredRun[]) => void;

  private constructor(files: Files, changed: (runs: readonly StoredRun[]) => void) {
    this.files = files;
    this.changed = changed;
  }

  /** `changed` is told of all runs, the newest first, whenever one changes. */
  static async open(files: Files, changed: (runs: readonly StoredRun[]) => void): Promise<RunStore> {
    const store = new RunStore(files, changed);
    for (const id of await files.folders()) {
      const run = await store.readRun(id);
      if (run) store.known.set(id, run);
    }
    store.tell();
    return store;
  }

  run(id: string): StoredRun {
    const run = this.known.get(id);
    if (!run) throw new Error(`there is no run ${id} any more`);
    return run;
  }

  has(id: string): boolean {
    return this.known.has(id);
  }

  async create(run: StoredRun, text: string): Promise<void> {
    await this.files.write(run.id, 'text.txt', encoder.encode(text));
    await this.put(run);
  }

  /** Changes what is known of a run. */
  async change(id: string, changes: Partial<StoredRun>): Promise<void> {
    if (this.has(id)) await this.put({ ...this.run(id), ...changes });
  }

  async remove(id: string): Promise<void> {
    this.known.delete(id);
    await this.files.remove(id);
    this.tell();
  }

  async text(id: string): Promise<string> {
    return decoder.decode(await this.files.read(id, 'text.txt'));
  }

  async record(id: string, events: readonly TrainEvent[]): Promise<void> {
    if (events.length > 0) await this.files.append(id, 'metrics.jsonl', lines(events));
  }

  async recordSnapshot(id: string, snapshot: Snapshot): Promise<void> {
    await this.files.append(id, 'snapshots.jsonl', lines([snapshot]));
  }

  async curve(id: string): Promise<{ readonly curve: Curve; readonly data: CurveData }> {
    const curve = new Curve();
    for (const event of await this.readLines<TrainEvent>(id, 'metrics.jsonl')) curve.add(event);
    return { curve, data: curve.data() };
  }

  snapshots(id: string): Promise<readonly Snapshot[]> {
    return this.readLines<Snapshot>(id, 'snapshots.jsonl');
  }

  /** Writes the state to go on from; a page that is closed in the middle of it leaves the one before. */
  async saveState(id: string, bytes: Uint8Array): Promise<void> {
    const slot = (await this.slot(id)) === 0 ? 1 : 0;
    await this.files.write(id, SLOTS[slot], bytes);
    await this.files.write(id, 'slot.json', encoder.encode(String(slot)));
  }

  async loadState(id: string): Promise<TrainerState | undefined> {
    const slot = await this.slot(id);
    if (slot === undefined) return undefined;
    const bytes = await this.files.read(id, SLOTS[slot]);
    return bytes && decodeCheckpoint(bytes);
  }

  saveModel(id: string, bytes: Uint8Array): Promise<void> {
    return this.files.write(id, 'model.safetensors', bytes);
  }

  model(id: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.files.read(id, 'model.safetensors');
  }

  /** Drops what was recorded beyond a step that the run goes back to. */
  async rewind(id: string, step: number): Promise<void> {
    for (const name of ['metrics.jsonl', 'snapshots.jsonl']) {
      const all = await this.readLines<{ readonly step: number; readonly type?: string }>(id, name);
      await this.files.write(id, name, lines(all.filter((line) => line.step <= step && line.type !== 'end')));
    }
  }

  /** Makes a run that begins where another stands. */
  async fork(run: StoredRun, parent: string): Promise<void> {
    for (const name of ['text.txt', 'metrics.jsonl', 'snapshots.jsonl', 'model.safetensors']) {
      const bytes = await this.files.read(parent, name);
      if (bytes) await this.files.write(run.id, name, bytes);
    }
    const slot = await this.slot(parent);
    const state = slot === undefined ? undefined : await this.files.read(parent, SLOTS[slot]);
    if (state) await this.saveState(run.id, state);
    await this.put(run);
  }

  private async slot(id: string): Promise<0 | 1 | undefined> {
    const text = decoder.decode(await this.files.read(id, 'slot.json'));
    return text === '0' ? 0 : text === '1' ? 1 : undefined;
  }

  private async put(run: StoredRun): Promise<void> {
    this.known.set(run.id, run);
    await this.files.write(run.id, 'run.json', encoder.encode(JSON.stringify(run)));
    this.tell();
  }

  /** Undefined for what a page that was closed has left half written. */
  private async readRun(id: string): Promise<StoredRun | undefined> {
    try {
      const run: StoredRun = JSON.parse(decoder.decode(await this.files.read(id, 'run.json')));
      // Nobody trains it: whoever did is gone.
      const open = run.status === 'training' || run.status === 'paused';
      return open ? { ...run, status: 'interrupted' } : run;
    } catch {
      return undefined;
    }
  }

  /** The whole lines of a file. */
  private async readLines<T>(id: string, name: string): Promise<T[]> {
    const bytes = await this.files.read(id, name);
    const text = decoder.decode(bytes);
    return text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .flatMap((line): T[] => {
        try {
          return line === '' ? [] : [JSON.parse(line)];
        } catch {
          return [];
        }
      });
  }

  private tell(): void {
    this.changed([...this.known.values()].sort((a, b) => b.created - a.created));
  }
}
