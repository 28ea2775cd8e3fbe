import { existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { NanobardError } from '../engine/errors.ts';
import { shardNames } from '../language/formats/huggingface/weights.ts';
import { userCacheFolder } from './downloaded-corpus.ts';
import { writeAtomically } from './files.ts';
import { ask, fetchFile, Refusal, type RequestOptions } from './resumable-download.ts';

// Models of a hub that serves files as huggingface.co does: /{org}/{name}/resolve/{revision}/{file}.

export interface HubOptions {
  /** Where the hub is; default: HF_ENDPOINT, or https://huggingface.co. */
  readonly endpoint?: string | undefined;
  /** What lets one read private models; default: HF_TOKEN. */
  readonly token?: string | undefined;
  /** Folder that keeps what was downloaded; default: the user's cache folder for nanobard. */
  readonly cacheFolder?: string | undefined;
  /** Milliseconds without a single byte after which a connection is given up; default 10,000. */
  readonly timeout?: number | undefined;
}

const NAME = /^hf:([\w-][\w.-]*)\/([\w-][\w.-]*)(?:@([\w-][\w./-]*))?$/;

/** Which commit of the model the folder's files are of; and that all are there. */
const [COMMIT, COMPLETE] = ['.commit', '.complete'];

/** Whether a model is meant by its name on the hub: `hf:org/name`, or `hf:org/name@revision`. */
export const isHubName = (source: string): boolean => source.startsWith('hf:');

/**
 * The folder that holds a model of the hub. What is there already is not asked for again, so that it works without a
 * network; a download that was cut is gone on with, and each file is held against the size and the SHA-256 that the hub
 * promises.
 *
 * @throws {NanobardError} code `argument` for what is not such a name, `network` if it cannot be had, `checksum` if
 *   something else came.
 */
export async function fetchFromHub(source: string, options: HubOptions = {}): Promise<string> {
  const [, org, name, revision = 'main'] = NAME.exec(source) ?? [];
  if (org === undefined || name === undefined || revision.split('/').includes('..')) {
    const hint = 'Write hf:org/name, or hf:org/name@revision.';
    throw new NanobardError('argument', `${source} is not the name of a model on the hub`, { hint });
  }
  const cache = join(options.cacheFolder ?? (await userCacheFolder()), 'hub');
  const folder = join(cache, org, name, encodeURIComponent(revision));
  if (existsSync(join(folder, COMPLETE))) return folder;
  await mkdir(folder, { recursive: true });
  const model = new HubModel(`${org}/${name}`, revision, folder, options);
  await model.fetch('config.json');
  if (!(await model.fetchIfThere('model.safetensors'))) {
    const index = await model.fetch('model.safetensors.index.json');
    for (const shard of shardNames(await readFile(index))) await model.fetch(shard);
  }
  if (!(await model.fetchIfThere('tokenizer.json'))) {
    await model.fetchIfThere('vocab.json');
    await model.fetchIfThere('merges.txt');
  }
  await writeAtomically(join(folder, COMPLETE), '');
  return folder;
}

/** One revision of a model, and the folder that its files come to. */
class HubModel {
  private readonly name: string;
  private readonly revision: string;
  private readonly folder: string;
  private readonly endpoint: string;
  private readonly request: RequestOptions;

  constructor(name: string, revision: string, folder: string, options: HubOptions) {
    const { HF_ENDPOINT, HF_TOKEN } = process.env;
    const {
      endpoint = HF_ENDPOINT ?? 'https://huggingface.co',
      token = HF_TOKEN,
      timeout = 10_000,
    } = options;
    this.name = name;
    this.revision = revision;
    this.folder = folder;
    this.endpoint = endpoint.replace(/\/+$/, '');
    this.request = { headers: token ? { authorization: `Bearer ${token}` } : {}, timeout };
  }

  /** Where the file is now; throws code `network` if the model has none of that name. */
  async fetch(file: string): Promise<string> {
    if (await this.fetchIfThere(file)) return join(this.folder, file);
    throw new NanobardError(
      'network',
      `${this.name} has no ${file} at ${this.revision} on ${this.endpoint}`,
      {
        hint: 'Check the name and the revision. Weights are read from safetensors; pickles (.bin, .pt) are not opened.',
      },
    );
  }

  /** Whether the folder has the file now. */
  async fetchIfThere(file: string): Promise<boolean> {
    const path = join(this.folder, file);
    if (existsSync(path)) return true;
    const commitPath = join(this.folder, COMMIT);
    // All files are of the commit that the first was of, even if the revision is a branch that moves.
    const commit = await readFile(commitPath, 'utf8').catch(() => undefined);
    const url = `${this.endpoint}/${this.name}/resolve/${encodeURIComponent(commit ?? this.revision)}/${file}`;
    try {
      const remote = await ask(url, this.request);
      if (!remote) return false;
      if (commit === undefined && remote.commit) await writeAtomically(commitPath, remote.commit);
      const part = `${path}.${remote.version}.part`;
      await fetchFile(remote, part, this.request);
      await rename(part, path);
      return true;
    } catch (cause) {
      throw cause instanceof NanobardError ? cause : this.failure(file, cause);
    }
  }

  private failure(file: string, cause: unknown): NanobardError {
    const forbidden = cause instanceof Refusal && [401, 403].includes(cause.status);
    const message = `${file} of ${this.name} could not be downloaded from ${this.endpoint}: ${(cause as Error).message}`;
    return new NanobardError('network', message, {
      hint: forbidden
        ? 'The model does not exist, or is private or gated: set HF_TOKEN to a token that may read it.'
        : 'Check the connection and ask again: what came is kept. HF_ENDPOINT names another hub.',
      cause,
    });
  }
}
