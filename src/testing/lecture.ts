// "Let's build GPT" without its text: what its first batches draw from tinyshakespeare, and what PyTorch makes of them.
import { readFileSync } from 'node:fs';

/** Made by scripts/fixtures/lecture.py with PyTorch. */
interface Fixture {
  /** Characters of the text. */
  readonly length: number;
  readonly vocabulary: string;
  /** Where the windows begin that the first batch (4) and the training batches (32 each) draw, in order. */
  readonly starts: readonly number[];
  /** The tokens of these windows, bytes in base64. */
  readonly windows: string;
  readonly firstBatch: readonly (readonly number[])[];
  readonly initialLoss: number;
  /** A newline and 100 characters of the untrained model. */
  readonly generated: string;
  /** The losses of the first training steps. */
  readonly losses: readonly number[];
}

const file = new URL('../language/data/fixtures/lecture.json', import.meta.url);
export const lecture: Fixture = JSON.parse(readFileSync(file, 'utf8'));

/** The text's tokens, as many as it has; those that no batch draws are −1, which no model and no vocabulary takes. */
export function lectureTokens(): Int32Array {
  const tokens = new Int32Array(lecture.length).fill(-1);
  const windows = Buffer.from(lecture.windows, 'base64');
  const size = windows.length / lecture.starts.length;
  for (const [i, start] of lecture.starts.entries()) {
    tokens.set(windows.subarray(i * size, (i + 1) * size), start);
  }
  return tokens;
}
