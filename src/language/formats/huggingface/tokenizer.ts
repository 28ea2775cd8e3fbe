import { NanobardError } from '../../../engine/errors.ts';
import { fromHuggingFace, fromVocabAndMerges } from '../../data/tokenizer/huggingface.ts';
import type { Tokenizer } from '../../data/tokenizer/tokenizer.ts';
import { parseJSON, type ReadFile } from '../folder.ts';

/**
 * The tokenizer of a folder: `tokenizer.json`, or the older `vocab.json` with `merges.txt`.
 *
 * @throws {NanobardError} code `checkpoint` if there is none, or it is damaged or of a kind that is not supported.
 */
export async function readTokenizer(read: ReadFile): Promise<Tokenizer> {
  const file = await read('tokenizer.json');
  if (file) return fromHuggingFace(parseJSON('tokenizer.json', file));
  const [vocab, merges] = [await read('vocab.json'), await read('merges.txt')];
  if (vocab && merges)
    return fromVocabAndMerges(parseJSON('vocab.json', vocab), new TextDecoder().decode(merges));
  throw new NanobardError(
    'checkpoint',
    'the folder holds no tokenizer.json, and not vocab.json with merges.txt',
    {
      hint: "Save the model's tokenizer beside it: tokenizer.save_pretrained in Python.",
    },
  );
}
