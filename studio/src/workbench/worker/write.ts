import { distribution } from 'nanobard';
import type { WriteOptions, Written, WrittenToken } from '../protocol.ts';
import { candidateOf, candidatesOf } from './look.ts';
import type { Loan } from './models.ts';

/** Candidates that come with each token. */
const SHOWN = 10;

/** Writes on from a prompt, token by token, each with what else might have come. */
export async function writeTokens(
  { model }: Loan,
  { model: _, prompt, after, tokens, stop, seed, ...rule }: WriteOptions,
  emit: (token: WrittenToken) => void,
  signal: AbortSignal,
): Promise<Written> {
  const begin = performance.now();
  const start = Array.from(after ?? model.promptTokens(prompt));
  const { tokenizer } = model;
  const decoder = new TextDecoder();
  let text = '';
  const ended = (stopped: Written['stopped']): Written => ({
    prompt: start,
    stopped,
    seconds: (performance.now() - begin) / 1000,
  });
  for await (const { token, logits } of model.choices(start, { tokens, seed, ...rule })) {
    if (signal.aborted) return ended('cancelled');
    text += decoder.decode(tokenizer.bytesOf(token), { stream: true });
    const candidate = candidateOf(tokenizer, token, distribution(logits, rule), distribution(logits));
    emit({ ...candidate, candidates: candidatesOf(tokenizer, logits, rule, SHOWN) });
    if (stop.some((end) => end !== '' && text.endsWith(end))) return ended('stop');
  }
  return ended('length');
}
