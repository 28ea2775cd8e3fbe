import { type Tokenizer, tokenizerFromJSON } from '../../language/data/tokenizer.ts';
import type { Recipe } from '../../language/recipes/recipe.ts';
import { decodeCheckpoint, encodeCheckpoint, type TrainerState } from '../../language/train/checkpoint.ts';
import type { RunPolicy } from '../runs/run-policy.ts';
import type { Communicator } from './communicator.ts';

/** What rank 0, which alone reads and writes files, tells the others of a run. */
export interface Work {
  readonly recipe: Recipe;
  readonly tokenizer: Tokenizer;
  readonly policy: RunPolicy;
  readonly text: string;
  /** The state to go on from; undefined for a new run. */
  readonly state: TrainerState | undefined;
}

const utf8 = new TextEncoder();

/** At rank 0: tells the others what there is to do; without `work` that there is nothing, since something is wrong. */
export async function sendWork(job: Communicator, work: Work | undefined): Promise<void> {
  if (!work) return void (await job.broadcast());
  const { recipe, tokenizer, policy, text, state } = work;
  await job.broadcast(utf8.encode(JSON.stringify({ recipe, tokenizer: tokenizer.toJSON(), policy })));
  await job.broadcast(utf8.encode(text));
  await sendState(job, state);
}

/** At other ranks: what there is to do. */
export async function receiveWork(job: Communicator): Promise<Work | undefined> {
  const bytes = await job.broadcast();
  if (bytes.length === 0) return undefined;
  const { tokenizer, ...rest } = JSON.parse(new TextDecoder().decode(bytes));
  const text = new TextDecoder().decode(await job.broadcast());
  return { ...rest, tokenizer: tokenizerFromJSON(tokenizer), text, state: await receiveState(job) };
}

export async function sendState(job: Communicator, state: TrainerState | undefined): Promise<void> {
  await job.broadcast(state && encodeCheckpoint(state));
}

export async function receiveState(job: Communicator): Promise<TrainerState | undefined> {
  const bytes = await job.broadcast();
  return bytes.length === 0 ? undefined : decodeCheckpoint(bytes);
}
