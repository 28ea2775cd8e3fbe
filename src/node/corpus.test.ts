import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rejectionOf } from '../testing/thrown.ts';
import { type CorpusOptions, defaultCorpus, loadCorpus } from './corpus.ts';

const text = 'MARDRIC:\nWho knocks so late?\n\nCALANDRA:\nThe snow, my lord, the snow.\n';
const sha256 = createHash('sha256').update(text).digest('hex');

let folder: string;
let cacheFolder: string;
let server: Server | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nanobard-corpus-'));
  cacheFolder = join(folder, 'cache', 'nanobard'); // does not exist yet
});

afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
  await rm(folder, { recursive: true });
});

/** A server that answers in the given ways, one after the other, the last one for ever; counts its visitors. */
async function serve(
  ...answers: RequestListener[]
): Promise<CorpusOptions & { readonly visits: () => number }> {
  let visits = 0;
  server = createServer((request, response) => {
    answers[Math.min(visits++, answers.length - 1)]!(request, response);
  });
  await new Promise<void>((done) => server!.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const source = { url: `http://127.0.0.1:${port}/input.txt`, sha256 };
  const options = { cacheFolder, source, timeout: 2000, visits: () => visits };
  return Object.defineProperty(options, 'visits', { enumerable: false }); // it is no option
}

const good: RequestListener = (_, response) => response.end(text);
const broken: RequestListener = (_, response) => {
  response.writeHead(200, { 'content-length': text.length });
  response.write(text.slice(0, 20), () => response.destroy());
};
const status =
  (code: number): RequestListener =>
  (_, response) =>
    response.writeHead(code).end('sorry');

describe('loadCorpus by name: download', () => {
  it('downloads, checks, keeps, and needs no network the second time', async () => {
    const options = await serve(good);
    const path = join(cacheFolder, 'tinyshakespeare.txt');
    const first = await loadCorpus('tinyshakespeare', options);
    expect(first).toEqual({
      ...{ name: 'tinyshakespeare', text, documents: [text], source: 'download', path, sha256 },
      origin: ['tinyshakespeare'],
    });
    expect(await readdir(cacheFolder)).toEqual(['tinyshakespeare.txt']); // no temporary file left

    server!.closeAllConnections();
    await new Promise((done) => server!.close(done));
    const second = await loadCorpus('tinyshakespeare', options);
    expect(second).toEqual({ ...first, source: 'cache' });
    expect(options.visits()).toBe(1);
  });

  it('downloads again when the copy in the cache is damaged', async () => {
    const path = join(cacheFolder, 'tinyshakespeare.txt');
    await mkdir(cacheFolder, { recursive: true });
    await writeFile(path, text.slice(1));
    expect((await loadCorpus('tinyshakespeare', await serve(good))).source).toBe('download');
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  it.each([
    ['a server error', status(503)],
    ['a connection that breaks off', broken],
  ])('tries again after %s', async (_, bad) => {
    const options = await serve(bad, bad, good);
    expect((await loadCorpus('tinyshakespeare', options)).text).toBe(text);
    expect(options.visits()).toBe(3);
  });

  it.each([
    ['404', status(404), 1, 'the server answered 404 Not Found'],
    ['a server error', status(500), 3, 'the server answered 500 Internal Server Error'],
    ['a truncated body', broken, 3, 'terminated'],
  ])('gives up after %s', async (_, bad, visits, why) => {
    const options = await serve(bad);
    const error = await rejectionOf(loadCorpus('tinyshakespeare', options));
    expect(error.code).toBe('network');
    expect(error.message).toContain(`tinyshakespeare could not be downloaded: ${why}`);
    expect(error.hint).toContain('built-in plays');
    expect(error.options).toEqual(['data']);
    expect(options.visits()).toBe(visits);
    await expect(readdir(cacheFolder)).rejects.toThrow('ENOENT');
  });

  it('gives up on a server that says nothing, or stops in the middle', async () => {
    const silent = await serve(
      () => {},
      (_, response) => response.write(text.slice(0, 20)),
    );
    const error = await rejectionOf(loadCorpus('tinyshakespeare', { ...silent, timeout: 150 }));
    expect(error.code).toBe('network');
    expect(error.message).toContain('nothing came for 0.15 s');
    expect(silent.visits()).toBe(3);
  });

  it('waits for a slow download as long as something comes', async () => {
    const options = await serve((_, response) => {
      const parts = text.match(/[\s\S]{1,10}/g)!;
      const timer = setInterval(() => {
        const part = parts.shift();
        if (part !== undefined) return response.write(part);
        clearInterval(timer);
        response.end();
      }, 60);
    });
    expect((await loadCorpus('tinyshakespeare', { ...options, timeout: 300 })).text).toBe(text);
    expect(options.visits()).toBe(1);
  });

  it('says why there is no connection', async () => {
    const options = await serve(good);
    server!.close();
    const error = await rejectionOf(loadCorpus('tinyshakespeare', options));
    expect(error.code).toBe('network');
    expect(error.message).toContain('ECONNREFUSED');
  });

  it('refuses and does not keep another text', async () => {
    const options = await serve((_, response) => response.end('<html>Please log in</html>'));
    const error = await rejectionOf(loadCorpus('tinyshakespeare', options));
    expect(error.code).toBe('checksum');
    expect(error.message).toContain('26 bytes');
    expect(options.visits()).toBe(1);
    await expect(readdir(cacheFolder)).rejects.toThrow('ENOENT');
  });

  it('does without a cache folder that cannot be made', async () => {
    await mkdir(join(folder, 'cache'));
    await writeFile(cacheFolder, 'a file where the folder should be');
    const loaded = await loadCorpus('tinyshakespeare', await serve(good));
    expect(loaded).toMatchObject({ text, source: 'download' });
    expect(loaded.notice).toContain(cacheFolder);
    expect(loaded.path).toBeUndefined();
  });
});

describe('loadCorpus by name: plays', () => {
  it('makes as much text as tinyshakespeare, without network or files', async () => {
    const loaded = await loadCorpus('plays', { cacheFolder });
    expect(loaded).toMatchObject({ name: 'plays', source: 'built-in' });
    expect(loaded.text.length).toBe(1_115_394);
    expect(loaded.sha256).toBe(createHash('sha256').update(loaded.text).digest('hex'));
    await expect(readdir(cacheFolder)).rejects.toThrow('ENOENT');
  });
});

describe('defaultCorpus', () => {
  it('is tinyshakespeare where it can be had', async () => {
    const loaded = await defaultCorpus(await serve(good));
    expect(loaded).toMatchObject({ name: 'tinyshakespeare', text });
    expect(loaded.notice).toBeUndefined();
  });

  it.each([
    ['cannot be reached', status(404), '404 Not Found'],
    ['is not what was promised', ((_, response) => response.end('?')) as RequestListener, 'not the text'],
  ])('falls back to plays, saying why, when the download %s', async (_, bad, why) => {
    const loaded = await defaultCorpus(await serve(bad));
    expect(loaded).toMatchObject({ name: 'plays', source: 'built-in' });
    expect(loaded.notice).toContain(why);
    expect(loaded.notice).toContain('built-in plays');
  });
});

describe('loadCorpus by path', () => {
  const file = async (name: string, content: string | Uint8Array): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, content);
    return path;
  };

  it('reads a text in any language as it is', async () => {
    const path = await file('話.txt', '\ufeff永遠\n🎭');
    const loaded = await loadCorpus(path);
    expect(loaded).toMatchObject({ name: '話.txt', text: '永遠\n🎭', source: 'file', path: resolve(path) });
    expect(loaded.notice).toBeUndefined();
    expect(await loadCorpus(pathToFileURL(path))).toEqual(loaded);
    expect(loaded.sha256).toBe(
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    );
  });

  it('reads CRLF and CR as line feeds, and leaves out byte order marks; the checksum is that of the file', async () => {
    const content = '\ufeffa\r\nb\rc\n\r\n\ufeffd\r';
    const loaded = await loadCorpus(await file('windows.txt', content));
    expect(loaded).toMatchObject({
      text: 'a\nb\nc\n\nd\n',
      sha256: createHash('sha256').update(content).digest('hex'),
      notice:
        'The line ends of windows.txt (CRLF or CR) are read as line feeds. Byte order marks (U+FEFF) within windows.txt are left out.',
    });
  });

  it('takes a text as it is, or its bytes, and says that there is no file', async () => {
    const expected = {
      name: 'mine',
      text: 'a\nb',
      source: 'memory',
      notice: expect.stringContaining('CRLF'),
    };
    const given = await loadCorpus({ name: 'mine', text: 'a\r\nb' });
    expect(given).toMatchObject({ ...expected, sha256: createHash('sha256').update('a\nb').digest('hex') });
    expect(given.path).toBeUndefined();
    expect(await loadCorpus(Buffer.from('a\r\nb'))).toMatchObject({ ...expected, name: 'text' });
  });

  it.each([
    [{ timeout: Number.NaN }, 'loadCorpus: timeout must be a number of milliseconds above 0, not NaN'],
    [{ cacheFolder: 7 }, 'loadCorpus: cacheFolder must be the path of a folder, not 7'],
    [{ folder: 'x' }, "loadCorpus has no option 'folder'"],
    [null, 'loadCorpus takes an object of options, not null'],
  ])('refuses the options %j', async (options, message) => {
    for (const load of [loadCorpus('plays', options as never), defaultCorpus(options as never)]) {
      expect(await rejectionOf(load)).toMatchObject({ code: 'argument', message });
    }
  });

  it.each([
    ['an empty file', '', 'is empty'],
    ['a binary file', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0, 0), 'byte 4 is NUL'],
    ['another encoding', Uint8Array.of(0x63, 0x61, 0x66, 0xe9), 'byte 3 (0xe9) is not UTF-8'],
  ])('refuses %s', async (_, content, why) => {
    const path = await file('mine.txt', content);
    const error = await rejectionOf(loadCorpus(path));
    expect(error.code).toBe('file');
    expect(error.message).toContain(path);
    expect(error.message).toContain(why);
    expect(error.hint).toBeDefined();
  });

  it('refuses a folder without a text', async () => {
    const empty = await mkdtemp(join(folder, 'empty-'));
    const error = await rejectionOf(loadCorpus(empty));
    expect(error.code).toBe('file');
    expect(error.message).toBe(`${empty} has no texts in it`);
  });

  it('says of an unknown name that it is neither, and which corpus it resembles', async () => {
    const error = await rejectionOf(loadCorpus('tinyshakespear'));
    expect(error.code).toBe('file');
    expect(error.message).toBe("'tinyshakespear' is neither a corpus nor a file");
    expect(error.hint).toBe(
      'Did you mean tinyshakespeare? Name a corpus (tinyshakespeare, plays) or the path of a UTF-8 text file.',
    );
  });

  it('does not guess at a path, nor take a property of objects for a corpus', async () => {
    for (const name of [join(folder, 'missing.txt'), 'toString']) {
      const error = await rejectionOf(loadCorpus(name));
      expect(error.message).toBe(`'${name}' is neither a corpus nor a file`);
      expect(error.hint).not.toContain('Did you mean');
    }
  });
});
