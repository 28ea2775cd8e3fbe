import { signal } from '@preact/signals';
import type { CurveData } from 'nanobard';
import type { RunSummary } from '../../../../src/node/runs/run-summary.ts';
import { token } from '../../page/address.ts';
import { WorkbenchError } from '../client.ts';
import type { Failure } from '../protocol.ts';

export type { RunSummary };

interface Listing {
  readonly folder: string;
  readonly runs: readonly RunSummary[];
}

/** The runs of the server's folder; undefined until they are known. */
export const listing = signal<Listing | undefined>(undefined);

/** Curves of the runs that are looked at, by name. */
export const serverCurves = signal<Readonly<Record<string, CurveData>>>({});

/** Whether the server is heard. */
export const connected = signal(true);

/** The address of something of the server's, with the token. */
export function addressAt(path: string, parameters: Readonly<Record<string, string>> = {}): string {
  const url = new URL(`api/${path}`, location.href.replace(/[?#].*/, ''));
  url.search = new URLSearchParams({ ...parameters, token: token ?? '' }).toString();
  return url.href;
}

export const runPath = (name: string, part: string): string => `runs/${encodeURIComponent(name)}/${part}`;

/** @throws {WorkbenchError} what the server says, or that it does not answer. */
export async function call<T>(path: string, method = 'GET', parameters = {}): Promise<T> {
  const response = await fetch(addressAt(path, parameters), { method }).catch((error: Error) => {
    throw new WorkbenchError({ code: 'network', message: error.message, options: [] });
  });
  const value: unknown = await response.json();
  if (!response.ok) throw new WorkbenchError(value as Failure);
  return value as T;
}

export async function refresh(): Promise<void> {
  listing.value = await call<Listing>('runs');
}

export async function refreshCurve(name: string): Promise<void> {
  const curve = await call<CurveData>(runPath(name, 'curve'));
  serverCurves.value = { ...serverCurves.peek(), [name]: curve };
}

/** Looks at the runs, and again whenever the server says that something has changed; until what it returns is called. */
export function watch(changed: () => Promise<void>): () => void {
  const source = new EventSource(addressAt('watch'));
  let running: Promise<void> | undefined;
  let again = false;
  // One refresh at a time, and one more for what has changed meanwhile.
  const look = (): void => {
    if (running) {
      again = true;
      return;
    }
    running = changed()
      .catch(() => {})
      .finally(() => {
        running = undefined;
        if (again) {
          again = false;
          look();
        }
      });
  };
  source.addEventListener('open', () => {
    connected.value = true;
    look();
  });
  source.addEventListener('changed', look);
  source.addEventListener('error', () => {
    connected.value = false;
  });
  return () => source.close();
}
