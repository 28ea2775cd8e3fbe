import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fetchFromHub } from './hub.ts';
import { openModel } from './load-model.ts';

const fixture = (name: string): string =>
  new URL(`../language/formats/huggingface/fixtures/${name}/`, import.meta.url).pathname;

const COMMIT = 'a'.repeat(40);

/** What a server does that is not asked for: see `serve`. */
interface Misbehaviour {
  /** Bytes of a large file after which its connections are cut, one each time. */
  cuts?: number[];
  /** Whether requests for parts are answered with the whole. */
  ignoreRanges?: boolean;
  /** Contents in place of a large file's. */
  other?: (bytes: Buffer) => Buffer;
  token?: string;
}

/**
 * As huggingface.co: small files are answered where they are asked for, with an ETag that is no SHA-256; for large ones the
 * hub says their SHA-256 and size, and sends on to another address. A branch stands for a commit, and a model that has
 * been renamed for its new name.
 */
function answer(folder: string, how: Misbehaviour, request: IncomingMessage, response: ServerResponse): void {
  const path = decodeURIComponent(request.url!);
  const [, revision = '', file = ''] = /^\/org\/tiny\/resolve\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
  if (how.token && request.headers.authorization !== `Bearer ${how.token}`) {
    response.writeHead(401).end();
  } else if (path.startsWith('/org/old/')) {
    response.writeHead(307, { location: path.replace('old', 'tiny') }).end();
  } else if (path.startsWith('/cdn/')) {
    send(readFileSync(join(folder, path.slice(5))), how, request, response);
  } else if (!['main', COMMIT].includes(revision) || !existsSync(join(folder, file))) {
    response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end();
  } else {
    const bytes = readFileSync(join(folder, file));
    const commit = { 'x-repo-commit': COMMIT };
    if (!file.endsWith('.safetensors')) {
      response.writeHead(200, { ...commit, etag: 'W/"0123"', 'content-length': bytes.length });
      response.end(request.method === 'HEAD' ? undefined : bytes);
    } else {
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const linked = { 'x-linked-etag': `"${sha256}"`, 'x-linked-size': String(bytes.length) };
      response.writeHead(302, { ...commit, ...linked, location: `/cdn/${file}` }).end();
    }
  }
}

function send(bytes: Buffer, how: Misbehaviour, request: IncomingMessage, response: ServerResponse): void {
  const contents = how.other ? how.other(bytes) : bytes;
  const from = how.ignoreRanges ? 0 : Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const rest = contents.subarray(from);
  const range = { 'content-range': `bytes ${from}-${contents.length - 1}/${contents.length}` };
  response.writeHead(from > 0 ? 206 : 200, { 'content-length': rest.length, ...(from > 0 && range) });
  const cut = how.cuts?.shift();
  if (cut === undefined) response.end(rest);
  else {
    response.write(rest.subarray(0, cut));
    // Not before the client has kept what came: what it has not read by then, it loses with the connection.
    const timer = setInterval(() => kept(from + cut) && response.destroy(), 5);
    response.on('close', () => clearInterval(timer));
  }
}

/** Whether a file that is being downloaded has so many bytes. */
function kept(bytes: number): boolean {
  const files = readdirSync(cacheFolder, { recursive: true, encoding: 'utf8' });
  return files.some(
    (file) =>
      file.endsWith('.part') && statSync(join(cacheFolder, file), { throwIfNoEntry: false })?.size === bytes,
  );
}

let cacheFolder: string;
let server: Server;
let requests: string[];

beforeEach(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), 'nanobard-'));
  requests = [];
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  await rm(cacheFolder, { recursive: true });
});

/** Options for a hub that serves a fixture. */
async function serve(
  name: string,
  how: Misbehaviour = {},
): Promise<{ endpoint: string; cacheFolder: string; timeout: number }> {
  server = createServer((request, response) => {
    requests.push(
      `${request.method} ${request.url}${request.headers.range ? ` ${request.headers.range}` : ''}`,
    );
    answer(fixture(name), how, request, response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    cacheFolder,
    timeout: 1000,
  };
}

const model = 'model.safetensors';
const same = (folder: string, name: string, file: string): boolean =>
  readFileSync(join(folder, file)).equals(readFileSync(join(fixture(name), file)));

describe('a model of the hub', () => {
  it.each(['plain', 'f16', 'bf16'])(
    'comes whole, is opened, and is not asked for again: %s',
    async (name) => {
      const options = await serve(name);
      const folder = await fetchFromHub('hf:org/tiny', options);
      const files = readdirSync(folder).filter((file) => !file.startsWith('.'));
      expect(files.some((file) => file.endsWith('.part'))).toBe(false);
      for (const file of files) expect(same(folder, name, file)).toBe(true);
      expect((await openModel(folder)).spec).toEqual((await openModel(fixture(name))).spec);
      // After the first file, all are of its commit.
      expect(
        requests.slice(2).every((request) => request.includes(COMMIT) || request.includes('/cdn/')),
      ).toBe(true);
      const before = requests.length;
      expect(await fetchFromHub('hf:org/tiny', options)).toBe(folder);
      expect(requests).toHaveLength(before);
    },
  );

  it('is found by its new name, and by a revision', async () => {
    const options = await serve('plain');
    const renamed = await fetchFromHub('hf:org/old', options);
    const revision = await fetchFromHub(`hf:org/tiny@${COMMIT}`, options);
    expect([renamed, revision].map((folder) => same(folder, 'plain', model))).toEqual([true, true]);
  });

  it('is gone on with where a connection is cut, as often as something comes', async () => {
    const cuts = [1000, 2000, 3000, 4000, 5000];
    const folder = await fetchFromHub('hf:org/tiny', await serve('plain', { cuts }));
    expect(same(folder, 'plain', model)).toBe(true);
    const ranges = requests
      .filter((request) => /cdn.*bytes=/.test(request))
      .map((line) => line.split('=')[1]);
    expect(ranges).toEqual(['1000-', '3000-', '6000-', '10000-', '15000-']);
  });

  it('is gone on with by the next call, and begun again where the server knows no parts', async () => {
    const how: Misbehaviour = { cuts: [700, 0, 0, 0] };
    const options = await serve('plain', how);
    await expect(fetchFromHub('hf:org/tiny', options)).rejects.toMatchObject({
      code: 'network',
      hint: expect.stringContaining('what came is kept'),
    });
    how.ignoreRanges = true;
    how.cuts = [];
    const folder = await fetchFromHub('hf:org/tiny', options);
    expect(requests).toContain(`GET /org/tiny/resolve/${COMMIT}/${model} bytes=700-`);
    expect(same(folder, 'plain', model)).toBe(true);
  });

  it.each<[string, Misbehaviour]>([
    ['other bytes of the same length', { other: (bytes) => Buffer.alloc(bytes.length, 1) }],
    ['more than was promised', { other: (bytes) => Buffer.concat([bytes, bytes]) }],
  ])('is refused and thrown away when it is not what was promised: %s', async (_, how) => {
    const options = await serve('plain', how);
    await expect(fetchFromHub('hf:org/tiny', options)).rejects.toMatchObject({ code: 'checksum' });
    const folder = join(cacheFolder, 'hub', 'org', 'tiny', 'main');
    expect(readdirSync(folder).filter((file) => file.startsWith(model))).toEqual([]);
    delete how.other;
    expect(same(await fetchFromHub('hf:org/tiny', options), 'plain', model)).toBe(true);
  });

  it('is read with a token where that is needed, and otherwise refused', async () => {
    const options = await serve('plain', { token: 'secret' });
    await expect(fetchFromHub('hf:org/tiny', { ...options, token: '' })).rejects.toMatchObject({
      code: 'network',
      message: expect.stringContaining('the server answered 401'),
      hint: expect.stringContaining('HF_TOKEN'),
    });
    expect(same(await fetchFromHub('hf:org/tiny', { ...options, token: 'secret' }), 'plain', model)).toBe(
      true,
    );
  });

  it.each([
    ['hf:org/none', 'network', 'org/none has no config.json at main'],
    ['hf:org/tiny@v2', 'network', 'org/tiny has no config.json at v2'],
    ['hf:tiny', 'argument', 'is not the name of a model'],
    ['hf:org/tiny/more', 'argument', 'is not the name of a model'],
    ['hf:../tiny', 'argument', 'is not the name of a model'],
    ['hf:org/tiny@../../x', 'argument', 'is not the name of a model'],
    ['hf:org/tiny?x=1', 'argument', 'is not the name of a model'],
  ])('%s is refused', async (source, code, message) => {
    await expect(fetchFromHub(source, await serve('plain'))).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });

  it('a shard that leads out of the folder is not asked for', async () => {
    const options = await serve('f16');
    const folder = await fetchFromHub('hf:org/tiny', options);
    await rm(join(folder, '.complete'));
    const index = { weight_map: { x: '../../../../x.safetensors' } };
    await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify(index));
    await expect(fetchFromHub('hf:org/tiny', options)).rejects.toMatchObject({ code: 'checkpoint' });
    expect(requests.some((request) => request.includes('..'))).toBe(false);
  });

  it('no server at all is said in words', async () => {
    const options = await serve('plain');
    server.close();
    server.closeAllConnections();
    await expect(fetchFromHub('hf:org/tiny', options)).rejects.toMatchObject({ code: 'network' });
    server.listen(0);
  });
});
