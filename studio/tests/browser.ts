// What tests of the page share: a browser, the page as hosts serve it, and what must hold wherever one looks.

import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { expect } from 'vitest';
import { headersFor } from '../../src/node/studio/headers.ts';
import { longestTask, type TraceEvent } from '../../src/testing/trace-tasks.ts';
import { text } from './stated.ts';

/** The page as it was built. */
export const folder = fileURLToPath(new URL('../../dist/studio/', import.meta.url));
const axe = fileURLToPath(new URL('../node_modules/axe-core/axe.min.js', import.meta.url));
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.txt': 'text/plain',
};

/** The folder as a static host serves it; `isolated` with the headers of `nanobard studio`. */
export async function serve(isolated: boolean): Promise<{ url: string; server: Server }> {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url!, 'http://here').pathname.replace(/\/$/, '/index.html');
    const body = path.endsWith('/tinyshakespeare.txt')
      ? text
      : await readFile(join(folder, path)).catch(() => undefined);
    if (isolated) response.setHeaders(headersFor(path));
    response.writeHead(body ? 200 : 404, { 'Content-Type': types[extname(path)] ?? 'text/plain' });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, server };
}

/** A page, and what went wrong on it: that must stay empty. */
export async function open(
  where: Browser | BrowserContext,
  address: string,
  { width = 1280, until }: { width?: number; until: string },
): Promise<{ page: Page; problems: string[] }> {
  const page = await where.newPage();
  await page.setViewportSize({ width, height: 900 });
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  page.on('request', (request) => {
    if (!/^(http:\/\/127\.0\.0\.1:|data:|blob:)/.test(request.url()))
      problems.push(`asked for ${request.url()}`);
  });
  await page.goto(address);
  await page.waitForSelector(until);
  return { page, problems };
}

/** Nothing sticks out at the side, and axe finds nothing. */
export async function checkAccessible(page: Page): Promise<void> {
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  await page.evaluate(await readFile(axe, 'utf8'));
  const violations = await page.evaluate(async () => {
    const { violations } = await (
      globalThis as unknown as {
        axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
      }
    ).axe.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
  });
  expect(violations).toEqual([]);
}

/** Watches the page's thread from here on; to be asked for its longest task, in ms. */
export async function traceTasks(page: Page): Promise<() => Promise<{ cpu: number; wall: number }>> {
  const session = await page.context().newCDPSession(page);
  const events: TraceEvent[] = [];
  session.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['toplevel'] },
  });
  return async () => {
    const complete = new Promise<void>((resolve) => session.once('Tracing.tracingComplete', () => resolve()));
    await session.send('Tracing.end');
    await complete;
    return longestTask(events);
  };
}
