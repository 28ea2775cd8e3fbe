/** Keeps what was measured once from one process to the next: texts by key. What it forgets is measured again. */
export interface Memo {
  get(key: string): Promise<string | undefined>;
  set(key: string, text: string): Promise<void>;
}

/** Keeps nothing beyond the process. */
export class ShortMemo implements Memo {
  private readonly texts = new Map<string, string>();

  async get(key: string): Promise<string | undefined> {
    return this.texts.get(key);
  }

  async set(key: string, text: string): Promise<void> {
    this.texts.set(key, text);
  }
}

/** What devices share that are given no other. */
export const processMemo: Memo = new ShortMemo();
