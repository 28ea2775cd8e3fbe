import { Inspector, specOf, type TextModel, type WeightType } from 'nanobard';
import type { ExportFormatName } from 'nanobard/formats';
import type { ModelInfo } from '../protocol.ts';

/** Models that are kept on the device when nobody uses them. */
const KEPT = 3;

interface Entry {
  readonly name: string;
  readonly kind: ModelInfo['kind'];
  readonly model: TextModel;
  inspector: Inspector | undefined;
  /** Whether it learns, so that what was computed a moment ago is out of date. */
  readonly live: boolean;
  users: number;
  retired: boolean;
}

/** A model for as long as it is used. */
export interface Loan extends Pick<Entry, 'model' | 'live' | 'name'> {
  readonly inspector: Inspector;
}

/** The models on the device: one that is trained, and those that were opened lately. */
export class Models {
  private readonly entries = new Map<string, Entry>();
  /** Opens a model that is not on the device. */
  private readonly open: (id: string) => Promise<{ readonly name: string; readonly model: TextModel }>;
  private opening: Promise<unknown> = Promise.resolve();

  constructor(open: Models['open']) {
    this.open = open;
  }

  put(id: string, name: string, kind: Entry['kind'], model: TextModel, live = false): void {
    this.retire(id);
    this.entries.set(id, { name, kind, model, live, inspector: undefined, users: 0, retired: false });
    const idle = [...this.entries].filter(([other, { live, users }]) => other !== id && !live && users === 0);
    for (const [other] of idle.slice(0, Math.max(0, this.entries.size - KEPT))) this.retire(other);
  }

  /** Lets `use` have a model; it is not freed before that has ended. */
  async use<T>(id: string, use: (loan: Loan) => Promise<T>): Promise<T> {
    const entry = await this.find(id);
    entry.users++;
    try {
      return await use({
        ...{ model: entry.model, live: entry.live, name: entry.name },
        get inspector() {
          entry.inspector ??= new Inspector(entry.model.network, entry.model.device);
          return entry.inspector;
        },
      });
    } finally {
      entry.users--;
      this.free(entry);
    }
  }

  /** Frees a model as soon as nobody uses it. */
  retire(id: string): void {
    const entry = this.entries.get(id);
    if (!entry) return;
    this.entries.delete(id);
    entry.retired = true;
    this.free(entry);
  }

  /** Forgets all of them: their device is gone. */
  clear(): void {
    this.entries.clear();
  }

  async describe(id: string): Promise<ModelInfo> {
    const { name, kind, model } = await this.find(id);
    const { network, step } = model;
    const spec = specOf(network);
    const { exportFormats } = await import('nanobard/formats');
    const formats = Object.entries(exportFormats).filter(([, { models }]) =>
      (models as readonly string[]).includes(spec.model),
    );
    return {
      ...{ id, name, kind, step, model: spec.model },
      ...{ blockSize: network.blockSize, vocabSize: network.vocabSize },
      nLayer: 'nLayer' in spec ? spec.nLayer : 0,
      nHead: 'nHead' in spec ? spec.nHead : 0,
      formats: Object.fromEntries(
        formats.map(([name, { dtypes }]): [ExportFormatName, readonly WeightType[]] => [
          name as ExportFormatName,
          dtypes,
        ]),
      ),
    };
  }

  private async find(id: string): Promise<Entry> {
    if (!this.entries.has(id)) {
      // One after another: two that are asked for at once would both be opened.
      const opened = this.opening.then(async () => {
        if (this.entries.has(id)) return;
        const { name, model } = await this.open(id);
        this.put(id, name, id.startsWith('file:') ? 'file' : 'run', model);
      });
      this.opening = opened.catch(() => {});
      await opened;
    }
    return this.entries.get(id)!;
  }

  private free(entry: Entry): void {
    if (!entry.retired || entry.users > 0) return;
    entry.inspector?.dispose();
    void entry.model.dispose();
  }
}
