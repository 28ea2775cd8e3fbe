import { setTimeout as sleep } from 'node:timers/promises';

const TRIES = 3;

/** An answer that will not change by asking again, such as 404. */
class Refusal extends Error {}

/**
 * The bytes at an address. Asks again after a failure that may pass (no connection, silence, a server error).
 *
 * @param timeout milliseconds without a single byte after which a try is given up
 */
export async function download(url: string, timeout: number): Promise<Uint8Array> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await fetchBytes(url, timeout);
    } catch (error) {
      if (attempt === TRIES || error instanceof Refusal) throw new Error(reason(error), { cause: error });
      await sleep(200 * attempt);
    }
  }
}

async function fetchBytes(url: string, timeout: number): Promise<Uint8Array> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(new Error(`nothing came for ${timeout / 1000} s`)), timeout);
  try {
    const response = await fetch(url, { signal: abort.signal });
    if (!response.ok) {
      const Failure = response.status < 500 ? Refusal : Error;
      throw new Failure(`the server answered ${response.status} ${response.statusText}`.trimEnd());
    }
    const chunks: Uint8Array[] = [];
    const reader = response.body?.getReader();
    for (let next = await reader?.read(); next?.value !== undefined; next = await reader?.read()) {
      chunks.push(next.value);
      timer.refresh();
    }
    return Buffer.concat(chunks);
  } finally {
    clearTimeout(timer);
    abort.abort(); // lets go of a connection whose answer nobody reads
  }
}

/** fetch says "fetch failed" and hides why in `cause`, whose message may be empty. */
function reason(error: unknown): string {
  const { message, cause } = error as Error;
  if (!(cause instanceof Error)) return message;
  return `${message} (${cause.message || (cause as NodeJS.ErrnoException).code})`;
}
