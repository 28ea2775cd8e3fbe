import type { Splits, Tokens } from '../../language/data/dataset.ts';
import { type Tokenizer, tokenizerFromJSON } from '../../language/data/tokenizer/tokenizer.ts';
import type { Recipe } from '../../language/recipes/recipe.ts';
import { decodeCheckpoint, encodeCheckpoint, type TrainerState } from '../../language/train/checkpoint.ts';
import type { RunPolicy } from '../runs/run-policy.ts';
import type { Communicator } from './communicator.ts';

/** What rank 0, which alone reads and writes files, tells the others of a run. */
export interface Work {
  readonly recipe: Recipe;
  readonly tokenizer: Tokenizer;
  readonly policy: RunPolicy;
  readonly tokens: Splits;
  /** The state to go on from; undefined for a new run. */
  readonly state: TrainerState | undefined;
}

const utf8 = new TextEncoder();

/** Tokens that are sent at once. */
const PIECE = 2 ** 22;

/** At rank 0: tells the others what there is to do; without `work` that there is nothing, since something is wrong. */
export async function sendWork(job: Communicator, work: Work | undefined): Promise<void> {
  if (!work) return void (await job.broadcast());
  const { recipe, tokenizer, policy, tokens, state } = work;
  const { train, validation } = tokens;
  const lengths = [train.length, validation.length];
  await job.broadcast(
    utf8.encode(JSON.stringify({ recipe, tokenizer: tokenizer.toJSON(), policy, lengths })),
  );
  await sendTokens(job, train);
  await sendTokens(job, validation);
  await sendState(job, state);
}

/** At other ranks: what there is to do. */
export async function receiveWork(job: Communicator): Promise<Work | undefined> {
  const bytes = await job.broadcast();
  if (bytes.length === 0) return undefined;
  const { tokenizer, lengths, ...rest } = JSON.parse(new TextDecoder().decode(bytes));
  const tokens = {
    train: await receiveTokens(job, lengths[0]),
    validation: await receiveTokens(job, lengths[1]),
  };
  return { ...rest, tokenizer: tokenizerFromJSON(tokenizer), tokens, state: await receiveState(job) };
}

/** Piece by piece: at rank 0 they may lie in a file that is larger than memory. */
async function sendTokens(job: Communicator, tokens: Tokens): Promise<void> {
  for (let start = 0; start < tokens.length; start += PIECE) {
    const { buffer, byteOffset, byteLength } = tokens.subarray(start, Math.min(start + PIECE, tokens.length));
    await job.broadcast(new Uint8Array(buffer, byteOffset, byteLength));
  }
}

async function receiveTokens(job: Communicator, length: number): Promise<Int32Array> {
  const tokens = new Int32Array(length);
  for (let start = 0; start < length; start += PIECE)
    tokens.set(new Int32Array((await job.broadcast()).buffer), start);
  return tokens;
}

export async function sendState(job: Communicator, state: TrainerState | undefined): Promise<void> {
  await job.broadcast(state && encodeCheckpoint(state));
}

export async function receiveState(job: Communicator): Promise<TrainerState | undefined> {
  const bytes = await job.broadcast();
  return bytes.length === 0 ? undefined : decodeCheckpoint(bytes);
}
