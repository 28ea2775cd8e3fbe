import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { NanobardError } from '../../engine/errors.ts';
import { joined } from '../../language/data/documents.ts';
import { RunFolder } from '../runs/run-folder.ts';
import type { RunsRoot } from './runs-root.ts';
import { sendFile } from './send-file.ts';

/** How often runs are looked at for somebody who watches, in ms. */
const LOOK_EVERY = 300;

const MODEL = 'model.safetensors';

/** Answers what concerns runs, to those who know the token. */
export class Api {
  private readonly runs: RunsRoot;
  private readonly token: string;

  constructor(runs: RunsRoot, token: string) {
    this.runs = runs;
    this.token = token;
  }

  /** Answers a request for a path below `/api/`. */
  async answer(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!this.mayAsk(url, request)) {
      const message = 'the address lacks the token that nanobard studio has printed';
      return send(response, 401, { code: 'token', message, options: [] });
    }
    try {
      const path = url.pathname.split('/').slice(2).map(decodeURIComponent);
      if (await this.route(path, url, request, response)) return;
      send(response, 404, { code: 'network', message: `there is no ${url.pathname}`, options: [] });
    } catch (error) {
      if (response.headersSent) throw error;
      const { code, message, hint, options } =
        error instanceof NanobardError
          ? error
          : { code: 'internal', ...messageOf(error), hint: '', options: [] };
      send(response, code === 'run-folder' ? 404 : 500, { code, message, hint, options });
    }
  }

  private async route(
    path: readonly string[],
    url: URL,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<boolean> {
    const { runs } = this;
    const [what, name, part] = path;
    const changes = request.method === 'POST';
    if (what === 'watch' && path.length === 1 && !changes) {
      await this.watch(request, response);
      return true;
    }
    if (what !== 'runs' || path.length > 3) return false;
    if (name === undefined) {
      send(response, 200, { folder: runs.path, runs: await runs.list() });
      return true;
    }
    if (changes) {
      if (part === 'rename') await runs.rename(name, url.searchParams.get('to') ?? '');
      else if (part !== 'remove') return false;
      send(response, 200, part === 'remove' ? { movedTo: await runs.remove(name) } : {});
      return true;
    }
    if (part === 'curve') {
      send(response, 200, await runs.curve(name));
      return true;
    }
    if (part === MODEL) {
      const file = await runs.file(name, MODEL);
      if (!file) return false;
      await sendFile(file, 'application/octet-stream', request, response);
      return true;
    }
    if (part === 'text') {
      const { content, close } = await (await RunFolder.open(await runs.folder(name))).loadData();
      close();
      if (!content.text) return false; // of token files
      const text = joined(content.text);
      response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' });
      response.end(text);
      return true;
    }
    return false;
  }

  /** Tells, as server-sent events, whenever something has changed. */
  private async watch(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    response.write(': watching\n\n');
    let open = true;
    request.socket.once('close', () => {
      open = false;
    });
    let before = await this.runs.sign();
    while (open) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
      const now = await this.runs.sign();
      if (now === before || !open) continue;
      response.write(`event: changed\ndata: ${Date.now()}\n\n`);
      before = now;
    }
  }

  /** In a header, or in the address for what cannot have one: a download, say. */
  private mayAsk(url: URL, { headers }: IncomingMessage): boolean {
    const given =
      /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? url.searchParams.get('token') ?? '';
    const [a, b] = [given, this.token].map((text) => Buffer.from(text));
    return a!.length === b!.length && timingSafeEqual(a!, b!);
  }
}

const messageOf = (error: unknown): { readonly message: string } => ({
  message: error instanceof Error ? error.message : String(error),
});

function send(response: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  const type = {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
  };
  response.writeHead(status, { ...type, 'Cache-Control': 'no-store' }).end(body);
}
