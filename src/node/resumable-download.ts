import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { NanobardError } from '../engine/errors.ts';

/** Tries in a row that bring nothing before a download is given up. */
const TRIES = 3;
const REDIRECTS = 5;

export interface RequestOptions {
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds without a single byte after which a try is given up. */
  readonly timeout: number;
}

/** What a server says about a file before it is fetched. */
export interface RemoteFile {
  readonly url: string;
  /** Bytes, where the server tells. */
  readonly size: number | undefined;
  /** In hexadecimal, where the server tells. */
  readonly sha256: string | undefined;
  /** Tells apart what was fetched of different contents; can be part of a file's name. */
  readonly version: string;
  /** The commit that the file is of. */
  readonly commit: string | undefined;
}

/** An answer that will not change by asking again. */
export class Refusal extends Error {
  readonly status: number;

  constructor({ status, statusText }: Response) {
    super(`the server answered ${status} ${statusText}`.trimEnd());
    this.status = status;
  }
}

/**
 * What the server says about a file; undefined if there is none. Of a large one the hub answers with an address
 * elsewhere, and says itself what is there: `x-linked-etag` is the SHA-256, `x-linked-size` the size.
 */
export function ask(url: string, request: RequestOptions): Promise<RemoteFile | undefined> {
  return persistently(async () => {
    let address = url;
    for (let redirects = 0; redirects <= REDIRECTS; redirects++) {
      const signal = AbortSignal.timeout(request.timeout);
      const headers = { ...request.headers, 'accept-encoding': 'identity' }; // or the size would be another
      const response = await fetch(address, { method: 'HEAD', redirect: 'manual', headers, signal });
      if (response.status === 404) return { value: undefined };
      const get = (name: string): string | undefined => response.headers.get(name) ?? undefined;
      const to = response.status >= 300 && response.status < 400 ? get('location') : undefined;
      if (to === undefined || get('x-linked-etag') !== undefined) {
        if (to === undefined) refuse(response);
        const etag = (get('x-linked-etag') ?? get('etag') ?? '').replace(/^W\//, '').replaceAll('"', '');
        const size = get('x-linked-size') ?? (to === undefined ? get('content-length') : undefined);
        const sha256 = /^[0-9a-f]{64}$/i.test(etag) ? etag.toLowerCase() : undefined;
        const version = createHash('sha256').update(`${etag} ${size}`).digest('hex').slice(0, 16);
        const value = { url: address, size: size === undefined ? undefined : Number(size), sha256, version };
        return { value: { ...value, commit: get('x-repo-commit')?.replace(/[^0-9a-f]/g, '') } };
      }
      const next = new URL(to, address);
      if (next.origin !== new URL(address).origin)
        throw new Error(`it redirects to ${next.origin} without saying what is there`);
      address = next.href;
    }
    throw new Error('it redirects too often');
  });
}

/**
 * Fetches a file into `part`, going on behind what is there already, again and again as long as something comes.
 *
 * @throws {NanobardError} code `checksum` if what came is not what was promised; then `part` is gone.
 */
export async function fetchFile(remote: RemoteFile, part: string, request: RequestOptions): Promise<void> {
  await persistently(async () => {
    const before = await sizeOf(part);
    try {
      await fetchRest(remote, part, before, request);
    } catch (error) {
      if ((await sizeOf(part)) > before && !(error instanceof Refusal)) return undefined; // that was worth it
      throw error;
    }
    return { value: undefined };
  });
  const size = await sizeOf(part);
  const sha256 = remote.sha256 && (await sha256Of(part));
  if (size === (remote.size ?? size) && sha256 === remote.sha256) return;
  await rm(part, { force: true });
  const wrong = size === (remote.size ?? size) ? `its SHA-256 is ${sha256}` : `it has ${size} bytes`;
  const right = size === (remote.size ?? size) ? remote.sha256 : remote.size;
  throw new NanobardError(
    'checksum',
    `what came from ${remote.url} is not what was promised: ${wrong}, not ${right}`,
    {
      hint: 'A proxy may have answered in its place; ask again.',
    },
  );
}

async function fetchRest(
  { url, size }: RemoteFile,
  part: string,
  before: number,
  request: RequestOptions,
): Promise<void> {
  if (size !== undefined && before === size) return;
  const from = size !== undefined && before > size ? 0 : before;
  const abort = new AbortController();
  const silence = new Error(`nothing came for ${request.timeout / 1000} s`);
  const timer = setTimeout(() => abort.abort(silence), request.timeout);
  const file = await open(part, 'a');
  try {
    const headers = {
      ...request.headers,
      'accept-encoding': 'identity',
      ...(from > 0 && { range: `bytes=${from}-` }),
    };
    const response = await fetch(url, { headers, signal: abort.signal });
    refuse(response);
    const goesOn =
      response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${from}-`);
    if (!goesOn) await file.truncate(0); // the whole again
    let length = goesOn ? from : 0;
    const reader = response.body?.getReader();
    for (let next = await reader?.read(); next?.value !== undefined; next = await reader?.read()) {
      await file.write(next.value);
      length += next.value.length;
      if (length > (size ?? Number.POSITIVE_INFINITY)) break; // which is not what was promised
      timer.refresh();
    }
    await file.sync();
  } finally {
    clearTimeout(timer);
    await file.close();
    abort.abort(); // lets go of a connection whose answer nobody reads
  }
  const now = await sizeOf(part);
  if (size !== undefined && now < size)
    throw new Error(`the connection was cut after ${now} of ${size} bytes`);
}

function refuse(response: Response): void {
  if (response.ok) return;
  if (response.status < 500 && response.status !== 429) throw new Refusal(response);
  throw new Error(new Refusal(response).message);
}

/** The value of a task that is tried again after a failure that may pass, and without counting when it says undefined. */
async function persistently<T>(task: () => Promise<{ readonly value: T } | undefined>): Promise<T> {
  for (let attempt = 1; ; ) {
    try {
      const done = await task();
      if (done) return done.value;
      attempt = 1;
    } catch (error) {
      if (attempt === TRIES || error instanceof Refusal || error instanceof NanobardError)
        throw withReason(error);
      await sleep(200 * attempt++);
    }
  }
}

/** fetch says "fetch failed" and hides why in `cause`, whose message may be empty. */
function withReason(error: unknown): Error {
  if (!(error instanceof Error) || error instanceof Refusal) return error as Error;
  const { cause } = error;
  if (!(cause instanceof Error) || error instanceof NanobardError) return error;
  const why = cause.message || String((cause as NodeJS.ErrnoException).code);
  return new Error(`${error.message} (${why})`, { cause: error });
}

const sizeOf = async (path: string): Promise<number> => (await stat(path).catch(() => undefined))?.size ?? 0;

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
