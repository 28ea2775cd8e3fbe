import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { access, constants, realpath, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, sep } from 'node:path';
import sirv from 'sirv';
import { NanobardError } from '../../engine/errors.ts';
import type { CorpusOptions } from '../corpus.ts';
import { cachedCorpus } from '../downloaded-corpus.ts';
import { Api } from './api.ts';
import { headersFor } from './headers.ts';
import { RunsRoot } from './runs-root.ts';

export interface StudioOptions {
  /** Holds `index.html` and all that the page loads. */
  readonly folder: string;
  /** Default: the first free one from 4240 on; 0: any free one. */
  readonly port?: number | undefined;
  /** Where `/tinyshakespeare.txt` comes from; default: the user's cache. It is not downloaded. */
  readonly corpus?: CorpusOptions;
  /** The folder whose runs are shown to who knows the token; default: `runs`. */
  readonly runs?: string | undefined;
}

export interface Studio {
  /** Where the page is; with the token, so that it may read and change runs. */
  readonly url: string;
  /** Ends at once, whatever connections are open. */
  readonly close: () => Promise<void>;
}

const ADDRESS = '127.0.0.1';
const DEFAULT_PORTS = Array.from({ length: 20 }, (_, i) => 4240 + i); // no browser refuses one of these

/** What files are called here. An encoded character is none of it: there is nothing to decode, and to decode twice. */
const FILE = /^(\/[\w-][\w.-]*)+$/;

/**
 * Serves the studio's page to this machine alone: nothing but its folder, and to who has the address with its token the
 * runs of another.
 *
 * @throws {NanobardError} code `file` (there is no page in the folder) or `network` (no port can be had).
 */
export async function serveStudio({ folder, port, corpus, runs = 'runs' }: StudioOptions): Promise<Studio> {
  const root = await realpath(folder).catch(() => folder);
  if (!(await isFileIn(root, '/index.html'))) {
    throw new NanobardError('file', `there is no studio in ${folder}`, {
      hint: 'In a clone of nanobard, npm run studio builds it; otherwise install nanobard again.',
    });
  }
  const token = randomBytes(16).toString('hex');
  const api = new Api(new RunsRoot(runs), token);
  // `dev`: looks a file up when it is asked for, since a build may have replaced it.
  const serveFile = sirv(root, { dev: true, etag: true, extensions: [] });

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<unknown> => {
    const say = (status: number, text: string): unknown => {
      const type = { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': Buffer.byteLength(text) };
      return response.writeHead(status, { ...type, 'Cache-Control': 'no-store' }).end(text);
    };
    const [path = ''] = request.url?.split('?') ?? [];
    response.setHeaders(headersFor(path));
    if (!isFromHere(request)) return say(403, 'This server answers its own page only.\n');
    const url = path.startsWith('/api/') ? urlOf(request) : undefined;
    if (url && request.method !== undefined && ['GET', 'HEAD', 'POST'].includes(request.method))
      return api.answer(url, request, response);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      return say(405, 'There is only GET and HEAD.\n');
    }
    if (path === '/tinyshakespeare.txt') {
      const cached = await cachedCorpus('tinyshakespeare', corpus);
      return cached ? say(200, cached.text) : say(404, 'tinyshakespeare has not been downloaded yet.\n');
    }
    const file = path === '/' ? '/index.html' : path;
    if (!FILE.test(file) || !(await isFileIn(root, file))) return say(404, 'There is no such file.\n');
    request.url = file;
    delete request.headers.range; // which may be ignored (RFC 9110, 14.2); sirv throws at one that ends before it begins
    return serveFile(request, response);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  return {
    url: `http://${ADDRESS}:${await listen(server, port)}/?token=${token}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Undefined for what is no address. */
function urlOf({ url = '' }: IncomingMessage): URL | undefined {
  return URL.canParse(url, `http://${ADDRESS}`) ? new URL(url, `http://${ADDRESS}`) : undefined;
}

/** Whether there is such a file, readable and in the folder itself: not where a link leads out of it. */
async function isFileIn(root: string, name: string): Promise<boolean> {
  try {
    const path = await realpath(join(root, name));
    await access(path, constants.R_OK);
    return path.startsWith(root + sep) && (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** A foreign page can have a name of its own resolved to this address (DNS rebinding), but not be called as we are. */
function isFromHere({ headers: { host, origin }, socket: { localPort } }: IncomingMessage): boolean {
  const port = localPort === 80 ? '' : `:${localPort}`;
  const own = [ADDRESS, 'localhost', '[::1]'].map((name) => `http://${name}${port}`);
  return own.includes(`http://${host}`) && (origin === undefined || own.includes(origin));
}

async function listen(server: Server, asked: number | undefined): Promise<number> {
  const ports = asked === undefined ? DEFAULT_PORTS : [asked];
  let failure: NodeJS.ErrnoException | undefined;
  for (const port of ports) {
    try {
      await once(server.listen(port, ADDRESS), 'listening');
      return (server.address() as AddressInfo).port;
    } catch (error) {
      failure = error as NodeJS.ErrnoException;
    }
  }
  const reason = failure?.code === 'EADDRINUSE' ? 'taken' : `not to be had (${failure?.code})`;
  const which = asked === undefined ? `ports ${ports.at(0)} to ${ports.at(-1)} are` : `port ${asked} is`;
  throw new NanobardError('network', `${which} ${reason}`, {
    hint: 'Choose another one.',
    options: ['port'],
    cause: failure,
  });
}
