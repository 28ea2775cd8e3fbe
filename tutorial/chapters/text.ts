import { type NanobardError, plays } from 'nanobard';
import { loadCorpus } from 'nanobard/node';

/** The text of the tutorial: tinyshakespeare; where it cannot be had, verse that nanobard writes itself. */
export async function loadText(): Promise<string> {
  try {
    return (await loadCorpus('tinyshakespeare')).text;
  } catch (error) {
    console.log(`${(error as NanobardError).message}: with the built-in plays the figures are others.`);
    return plays({ characters: 1_000_000, seed: 1337 });
  }
}
