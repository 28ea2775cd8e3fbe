import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { serve } from './browser.ts';
import { launch } from './chromium.ts';

type Host = Awaited<ReturnType<typeof serve>>;

/** What the tests of a file have while they run. */
export class Setting {
  browser!: Browser;
  /** The page, by a host that isolates it, and by one that does not. */
  isolated!: Host;
  plain!: Host;
  /** An empty folder. */
  parent!: string;

  async open(): Promise<void> {
    this.browser = await launch();
    [this.isolated, this.plain] = await Promise.all([serve(true), serve(false)]);
    this.parent = await mkdtemp(join(tmpdir(), 'nanobard-'));
  }

  async close(): Promise<void> {
    await this.browser?.close();
    this.isolated?.server.close();
    this.plain?.server.close();
    if (this.parent) await rm(this.parent, { recursive: true });
  }
}

/** Makes it before the tests of this file, and clears it away after them. */
export function useSetting(): Setting {
  const setting = new Setting();
  beforeAll(() => setting.open());
  afterAll(() => setting.close());
  return setting;
}
