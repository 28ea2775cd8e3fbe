import { closest, distance } from 'fastest-levenshtein';

/** `Did you mean train? ` where one of the names resembles `word`, else nothing. */
export function didYouMean(word: string, names: readonly string[]): string {
  const nearest = closest(word, names);
  return distance(word, nearest) <= nearest.length / 2 ? `Did you mean ${nearest}? ` : '';
}
