import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveStudio } from './server.ts';

let parent: string;
let folder: string;
let port: number;
let studio: Awaited<ReturnType<typeof serveStudio>>;

const text = 'To be, or not to be: – ½';
const source = { url: 'http://127.0.0.1:1/never', sha256: createHash('sha256').update(text).digest('hex') };

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'nanobard-'));
  folder = join(parent, 'studio');
  await mkdir(join(folder, 'assets', '.git'), { recursive: true });
  await mkdir(join(parent, 'studio-other'));
  await mkdir(join(parent, 'cache'));
  const files = {
    'studio/index.html': '<!doctype html><title>Tutorial</title>',
    'studio/assets/page-x_1.js': 'export {};',
    'studio/assets/kernel.worker-B3.js': '// kernel',
    'studio/assets/engine.wasm': '\0asm',
    'studio/assets/.git/config': 'secret',
    'studio/.env': 'secret',
    'studio-other/secret.txt': 'secret',
    'secret.txt': 'secret',
    'cache/tinyshakespeare.txt': text,
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(parent, name), content);
  studio = await serveStudio({ folder, port: 0, corpus: { cacheFolder: join(parent, 'cache'), source } });
  port = Number(new URL(studio.url).port);
});

afterAll(async () => {
  await studio.close();
  await rm(parent, { recursive: true });
});

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A request whose path is sent as it stands: `fetch` would put it in order first. */
async function get(path: string, headers = {}, method = 'GET', to = port): Promise<Reply> {
  const sent = request({ host: '127.0.0.1', port: to, path, method, headers, agent: false }).end();
  const [response] = await once(sent, 'response');
  return { status: response.statusCode, headers: response.headers, body: await textOf(response) };
}

/** The first line of the answer to bytes that no client would send. */
async function raw(bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes);
  return (await textOf(socket)).split('\r\n')[0]!;
}

describe('files', () => {
  it.each([
    ['/', 'text/html;charset=utf-8', /^<!doctype/],
    ['/index.html', 'text/html;charset=utf-8', /^<!doctype/],
    ['/?chapter=3', 'text/html;charset=utf-8', /^<!doctype/],
    ['/assets/page-x_1.js?v=..', 'text/javascript', /^export/],
    ['/assets/engine.wasm', 'application/wasm', /asm$/],
  ])('%s is %s', async (path, type, body) => {
    const reply = await get(path);
    expect([reply.status, reply.headers['content-type']]).toEqual([200, type]);
    expect(reply.body).toMatch(body);
  });

  it('are new when a build has replaced them, and are not sent again otherwise', async () => {
    await writeFile(join(folder, 'new.js'), '1');
    const { headers, body } = await get('/new.js');
    expect([headers['cache-control'], body]).toEqual(['no-cache', '1']);
    const again = { 'if-none-match': headers.etag };
    expect(await get('/new.js', again)).toMatchObject({ status: 304, body: '' });
    await writeFile(join(folder, 'new.js'), '22');
    expect(await get('/new.js', again)).toMatchObject({ status: 200, body: '22' });
    await rm(join(folder, 'new.js'));
    expect((await get('/new.js', again)).status).toBe(404);
  });

  it('are sent whole, whatever part is asked for', async () => {
    for (const range of ['bytes=5-2', 'bytes=-1', 'bytes=99999-', 'nonsense']) {
      expect(await get('/assets/page-x_1.js', { range })).toMatchObject({ status: 200, body: 'export {};' });
    }
  });
});

describe('nothing but the folder', () => {
  const others = [
    ...['/..', '/../secret.txt', '/assets/../../secret.txt', '/../studio-other/secret.txt', '/./index.html'],
    ...['/%2e%2e/secret.txt', '/%2e%2e%2fsecret.txt', '/..%2fsecret.txt', '/.%2e/secret.txt'],
    ...[
      '/%252e%252e/secret.txt',
      '/..%252fsecret.txt',
      '/%c0%ae%c0%ae/secret.txt',
      '/%u002e%u002e/secret.txt',
    ],
    ...['/..\\secret.txt', '/..%5csecret.txt', '/assets\\page-x_1.js', '/C:\\secret.txt', '/c:/secret.txt'],
    ...['/index.html%00', '/%00', '/secret.txt%00.js', '/index.html%', '/index.html%ff', '/index.html;x'],
    ...[
      '//etc/passwd',
      '/etc/passwd',
      '//index.html',
      '/index.html/',
      '/assets',
      '/assets/',
      '/assets//page-x_1.js',
    ],
    ...['/.env', '/assets/.git/config', '/.', '/assets/.', '/nothing.js', '/index', '/index.html::$DATA'],
  ];
  it.each(others)('%s', async (path) => {
    const { status, body } = await get(path);
    expect([status, body]).toEqual([404, 'There is no such file.\n']);
  });

  it('addresses in place of paths', async () => {
    const rest = `HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`;
    expect(await raw(`GET http://127.0.0.1:${port}/index.html ${rest}`)).toContain(' 404 ');
    expect(await raw(`GET file://${parent}/secret.txt ${rest}`)).toContain(' 404 ');
    expect(await raw(`GET index.html ${rest}`)).toContain(' 400 ');
    expect(await raw(`GET /index.html\0 ${rest}`)).toContain(' 400 ');
    expect(await raw(`GET /index.html ${rest}`)).toContain(' 200 ');
  });

  it.skipIf(process.platform === 'win32')('links that lead out of it', async () => {
    await symlink(join(parent, 'secret.txt'), join(folder, 'link.txt'));
    await symlink(join(parent, 'studio-other'), join(folder, 'linked'));
    await symlink(parent, join(folder, 'up'));
    await symlink('index.html', join(folder, 'home.html'));
    await symlink('nowhere', join(folder, 'broken.html'));
    for (const path of ['/link.txt', '/linked/secret.txt', '/up/secret.txt', '/broken.html']) {
      expect((await get(path)).status).toBe(404);
    }
    expect((await get('/home.html')).status).toBe(200); // leads to another file of the page
    expect((await get('/up/studio/index.html')).status).toBe(200);
  });

  it('is served from behind a link', async () => {
    await symlink(folder, join(parent, 'installed'), 'junction');
    const other = await serveStudio({ folder: join(parent, 'installed'), port: 0 });
    expect((await get('/', {}, 'GET', Number(new URL(other.url).port))).status).toBe(200);
    await other.close();
  });
});

describe('requests', () => {
  it.each(['127.0.0.1', 'localhost', '[::1]'])('to %s are answered', async (name) => {
    const host = `${name}:${port}`;
    expect((await get('/', { host })).status).toBe(200);
    expect((await get('/', { host, origin: `http://${host}` })).status).toBe(200);
  });

  it('by another name are not: it may have been made to lead here', async () => {
    const hosts = [
      ...['evil.example', `evil.example:${port}`, `127.0.0.1.evil.example:${port}`, `evil.localhost:${port}`],
      ...['127.0.0.1', 'localhost', '127.0.0.1:80', `127.0.0.1:${port}0`, `127.1:${port}`, `0.0.0.0:${port}`],
      ...[`localhost.:${port}`, `u@localhost:${port}`, `evil.example/localhost:${port}`, ' ', `::1:${port}`],
    ];
    for (const host of hosts) expect([host, (await get('/', { host })).status]).toEqual([host, 403]);
    expect(await raw('GET / HTTP/1.0\r\n\r\n')).toContain(' 403 ');
    expect(await raw('GET / HTTP/1.1\r\n\r\n')).toContain(' 400 ');
  });

  it('of foreign pages are not answered', async () => {
    const origins = [
      ...[
        'http://evil.example',
        'null',
        '',
        `https://127.0.0.1:${port}`,
        'http://localhost',
        `localhost:${port}`,
      ],
      ...['http://127.0.0.1:80', `http://127.0.0.1:${port}.evil.example`, `http://127.0.0.1:${port}/`],
    ];
    for (const origin of origins) {
      for (const path of ['/', '/tinyshakespeare.txt', '/nothing']) {
        const { status, headers } = await get(path, { origin });
        expect([origin, status, headers['access-control-allow-origin']]).toEqual([origin, 403, undefined]);
      }
    }
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH'])('that are %s get 405', async (method) => {
    for (const path of ['/', '/tinyshakespeare.txt', '/nothing']) {
      const { status, headers } = await get(path, {}, method);
      expect([status, headers.allow]).toEqual([405, 'GET, HEAD']);
    }
  });

  it('that are HEAD get all but the body', async () => {
    for (const path of ['/', '/tinyshakespeare.txt', '/nothing']) {
      const { date: _1, ...expected } = (await get(path)).headers;
      const { headers, body } = await get(path, {}, 'HEAD');
      const { date: _2, ...actual } = headers;
      expect([actual, body]).toEqual([expected, '']);
    }
  });
});

it('every answer has the headers that isolate the page', async () => {
  const replies = [
    ...(await Promise.all(
      ['/', '/assets/kernel.worker-B3.js', '/nothing', '/tinyshakespeare.txt'].map((path) => get(path)),
    )),
    ...[await get('/', { host: 'evil.example' }), await get('/', {}, 'POST')],
  ];
  for (const { headers } of replies) {
    expect(headers).toMatchObject({
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
      'cross-origin-resource-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
    });
  }
});

it('only the worker that runs cells may make code of text', async () => {
  const policyOf = async (path: string): Promise<string> =>
    String((await get(path)).headers['content-security-policy']);
  const rest =
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
    "worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
  const page = `default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; ${rest}`;
  for (const path of ['/', '/assets/page-x_1.js', '/?x=/kernel.js', '/kernel.js/x.html', '/kernel.html']) {
    expect(await policyOf(path)).toBe(page);
  }
  expect(await policyOf('/assets/kernel.worker-B3.js?x')).toBe(
    `default-src 'none'; script-src 'self' 'wasm-unsafe-eval' 'unsafe-eval' blob:; ${rest}`,
  );
});

describe('/tinyshakespeare.txt', () => {
  it('is the text that is in the cache', async () => {
    const { status, headers, body } = await get('/tinyshakespeare.txt');
    expect([status, headers['content-type'], body]).toEqual([200, 'text/plain; charset=utf-8', text]);
    expect(headers['content-length']).toBe(String(Buffer.byteLength(text)));
  });

  it.each([
    ['missing', undefined],
    ['damaged', `${text}!`],
  ])('is 404 where it is %s, and is not downloaded', async (name, content) => {
    let asked = 0;
    const remote = createServer((_, response) => {
      asked++;
      response.end(text);
    }).listen(0, '127.0.0.1');
    await once(remote, 'listening');
    const url = `http://127.0.0.1:${(remote.address() as AddressInfo).port}/`;
    const cacheFolder = join(parent, name);
    await mkdir(cacheFolder);
    if (content) await writeFile(join(cacheFolder, 'tinyshakespeare.txt'), content);
    const other = await serveStudio({ folder, port: 0, corpus: { cacheFolder, source: { ...source, url } } });
    const reply = await get('/tinyshakespeare.txt', {}, 'GET', Number(new URL(other.url).port));
    expect(reply).toMatchObject({ status: 404, body: 'tinyshakespeare has not been downloaded yet.\n' });
    expect(asked).toBe(0);
    await other.close();
    remote.close();
  });
});

describe('ports', () => {
  it('is on this machine alone', async () => {
    expect(studio.url.replace(/[0-9a-f]{32}$/, '')).toBe(`http://127.0.0.1:${port}/?token=`);
    const others = Object.values(networkInterfaces()).flatMap((them) => them ?? []);
    for (const { address, scopeid } of others.filter(({ address }) => address !== '127.0.0.1')) {
      const socket = connect(port, scopeid ? `${address}%${scopeid}` : address);
      await expect(once(socket, 'connect')).rejects.toThrow();
    }
  });

  it('a taken one is passed over, unless it was asked for', async () => {
    const first = await serveStudio({ folder });
    const second = await serveStudio({ folder });
    expect(second.url).not.toBe(first.url);
    const taken = Number(new URL(first.url).port);
    expect(Number(new URL(second.url).port)).toBeGreaterThan(taken);
    await expect(serveStudio({ folder, port: taken })).rejects.toMatchObject({
      code: 'network',
      message: `port ${taken} is taken`,
      hint: 'Choose another one.',
      options: ['port'],
    });
    await first.close();
    await second.close();
    const again = await serveStudio({ folder, port: taken });
    await again.close();
  });
});

it('a page that has not been built is told, with what to do', async () => {
  await expect(serveStudio({ folder: join(parent, 'nothing') })).rejects.toMatchObject({
    code: 'file',
    message: expect.stringMatching(/^there is no studio in .*nothing$/),
    hint: expect.stringContaining('npm run studio'),
  });
});

it('closes at once, also with connections that are kept open, idle, or halfway through a request', async () => {
  const other = await serveStudio({ folder, port: 0 });
  const to = Number(new URL(other.url).port);
  const sockets = await Promise.all(
    ['', 'GET / HT', `GET / HTTP/1.1\r\nHost: localhost:${to}\r\n\r\n`].map(async (bytes) => {
      const socket = connect(to, '127.0.0.1').on('error', () => {});
      await once(socket, 'connect');
      socket.write(bytes);
      if (bytes.endsWith('\n')) await once(socket, 'data');
      return socket;
    }),
  );
  const ended = sockets.map((socket) => once(socket.resume(), 'close'));
  const begin = performance.now();
  await other.close();
  expect(performance.now() - begin).toBeLessThan(1000);
  await Promise.all(ended);
  await other.close(); // again does no harm
});
