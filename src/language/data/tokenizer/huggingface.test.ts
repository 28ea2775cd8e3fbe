import { describe, expect, it } from 'vitest';
import { thrownBy } from '../../../testing/thrown.ts';
import { BpeTokenizer } from './bpe.ts';
import { trainBpe } from './bpe-trainer.ts';
import { ByteTokenizer } from './bytes.ts';
import { CharTokenizer } from './char.ts';
import { fromHuggingFace, fromVocabAndMerges, toHuggingFace } from './huggingface.ts';
import type { Tokenizer } from './tokenizer.ts';

const text = 'The theatre, the 永月 🎭: "the  end"\n<|endoftext|>constructor __proto__ the constructor';
const bpe = trainBpe([text], { vocabSize: 290 });

const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value));

/** A template; '$' stands for the text. */
const template = (...single: string[]): object => ({
  type: 'TemplateProcessing',
  single: single.map((id) =>
    id === '$' ? { Sequence: { id: 'A', type_id: 0 } } : { SpecialToken: { id, type_id: 0 } },
  ),
});

/** A tokenizer.json, as an object to change. */
// biome-ignore lint/suspicious/noExplicitAny: whatever stands in a file
const file = (tokenizer: Tokenizer = bpe): any => copy(toHuggingFace(tokenizer, 64).tokenizer);

describe("Hugging Face's tokenizer.json", () => {
  it.each<[string, Tokenizer]>([
    ['BPE', bpe],
    ['characters', CharTokenizer.fromText(text)],
    ['bytes', new ByteTokenizer()],
  ])('of %s comes back with the same ids', (_, tokenizer) => {
    const back = fromHuggingFace(file(tokenizer));
    expect(back.vocabSize).toBe(tokenizer.vocabSize);
    expect(back.encode(text)).toEqual(tokenizer.encode(text));
    expect(back.endOfText).toBe(tokenizer.endOfText);
    if (!(tokenizer instanceof ByteTokenizer)) expect(back.toJSON()).toEqual(tokenizer.toJSON());
  });

  it('is written in the forms that all readers agree on', () => {
    const { tokenizer, config } = toHuggingFace(bpe, 64);
    expect(tokenizer).toMatchObject({
      pre_tokenizer: {
        type: 'Sequence',
        pretokenizers: [
          { type: 'Split', behavior: 'Isolated' },
          { type: 'ByteLevel', use_regex: false },
        ],
      },
      decoder: { type: 'ByteLevel' },
      added_tokens: [{ id: bpe.endOfText, content: '<|endoftext|>', special: true }],
    });
    expect(config).toMatchObject({
      clean_up_tokenization_spaces: false,
      eos_token: '<|endoftext|>',
      model_max_length: 64,
    });
    const chars = toHuggingFace(CharTokenizer.fromText('ab'), 64);
    expect(chars.tokenizer).toMatchObject({
      pre_tokenizer: null,
      decoder: { type: 'Fuse' },
      model: { vocab: { a: 0, b: 1 }, merges: [] },
    });
    expect(chars.config).not.toHaveProperty('eos_token');
  });

  it('is read in the other forms, too', () => {
    const expected = bpe.encode(text);
    const byteLevel = file();
    byteLevel.pre_tokenizer = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true };
    byteLevel.post_processor = { type: 'ByteLevel', trim_offsets: false };
    byteLevel.model.merges = byteLevel.model.merges.map((pair: string[]) => pair.join(' '));
    expect(fromHuggingFace(byteLevel).encode(text)).toEqual(expected);
    // Special tokens stand in the vocabulary, too, in files of GPT-2.
    const inVocabulary = file();
    inVocabulary.model.vocab['<|endoftext|>'] = bpe.endOfText;
    expect(fromHuggingFace(inVocabulary).encode(text)).toEqual(expected);
  });

  it('keeps how others cut, normalize and begin a text', () => {
    const other = file();
    const ways = {
      normalForm: 'NFC',
      patterns: ['\\p{N}', { keep: '[^q]' }, 'e'],
      begin: '<s>',
      normalized: ['é!'],
    } as const;
    const flags = { lstrip: false, rstrip: false, single_word: false };
    other.normalizer = { type: 'Sequence', normalizers: [{ type: 'NFC' }] };
    other.pre_tokenizer.pretokenizers = [
      { type: 'Digits', individual_digits: true },
      { type: 'Split', pattern: { Regex: '[^q]' }, behavior: 'Removed', invert: true },
      { type: 'Split', pattern: { String: 'e' }, behavior: 'Isolated', invert: false },
      ...other.pre_tokenizer.pretokenizers.slice(1),
    ];
    other.post_processor = { type: 'Sequence', processors: [{ type: 'ByteLevel' }, template('<s>', '$')] };
    other.added_tokens.push(
      { id: 300, content: '<s>', ...flags },
      { id: 301, content: 'é!', ...flags, normalized: true },
    );
    const tokenizer = fromHuggingFace(other);
    expect([tokenizer.endOfText, tokenizer.toJSON()]).toEqual([300, expect.objectContaining(ways)]);
    expect(tokenizer.encode('e\u0301!').length).toBe(1);
    expect(tokenizer.decode(tokenizer.encode('quiqq'))).toBe('ui'); // as Rust's tokenizers drop the rest
    const again = fromHuggingFace(file(tokenizer));
    expect(again.toJSON()).toEqual(tokenizer.toJSON());
    expect(toHuggingFace(tokenizer, 64).config).toMatchObject({ bos_token: '<s>' });
  });

  it('may number its tokens in any way', () => {
    const other = file();
    const last = bpe.vocabSize - 1;
    for (const [token, id] of Object.entries<number>(other.model.vocab))
      other.model.vocab[token] = last + 5 - id;
    other.added_tokens[0].id = 0;
    const tokenizer = fromHuggingFace(other);
    expect([...tokenizer.encode(text)]).toEqual(
      Array.from(bpe.encode(text), (id) => (id === last ? 0 : last + 5 - id)),
    );
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
    expect(BpeTokenizer.fromJSON(copy(tokenizer.toJSON())).encode(text)).toEqual(tokenizer.encode(text));
    expect(tokenizer.decode([2])).toBe(''); // an id that is not used
    expect(fromHuggingFace(file(tokenizer)).encode(text)).toEqual(tokenizer.encode(text));
  });

  // biome-ignore lint/suspicious/noExplicitAny: whatever stands in a file
  it.each<[string, (it: any) => void]>([
    ['model is not supported: WordPiece', (it) => (it.model.type = 'WordPiece')],
    ['normalizer is not supported: Lowercase', (it) => (it.normalizer = { type: 'Lowercase' })],
    ['pre_tokenizer is not supported: Metaspace', (it) => (it.pre_tokenizer = { type: 'Metaspace' })],
    ['pre_tokenizer is not supported: none', (it) => (it.pre_tokenizer = null)],
    ['post_processor.single', (it) => (it.post_processor = { type: 'TemplateProcessing' })],
    [
      'post_processor is not supported: BertProcessing',
      (it) => (it.post_processor = { type: 'BertProcessing' }),
    ],
    ['tokens behind the text', (it) => (it.post_processor = template('$', '<|endoftext|>'))],
    ['<s> is no special token', (it) => (it.post_processor = template('<s>', '$'))],
    ['decoder is not supported: BPEDecoder', (it) => (it.decoder = { type: 'BPEDecoder' })],
    [
      'The pattern \\bx that words are cut by is not supported: \\b',
      (it) => (it.pre_tokenizer.pretokenizers[0].pattern.Regex = '\\bx'),
    ],
    ['add_prefix_space', (it) => (it.pre_tokenizer = { type: 'ByteLevel', add_prefix_space: true })],
    ['Split, Contiguous', (it) => (it.pre_tokenizer.pretokenizers[0].behavior = 'Contiguous')],
    ['not supported: ByteLevel, Split', (it) => it.pre_tokenizer.pretokenizers.reverse()],
    ['model.unk_token', (it) => (it.model.unk_token = '<unk>')],
    ['model.end_of_word_suffix', (it) => (it.model.end_of_word_suffix = '</w>')],
    ['model.dropout', (it) => (it.model.dropout = 0.1)],
    ['model.byte_fallback', (it) => (it.model.byte_fallback = true)],
    ['added_tokens.0.lstrip', (it) => (it.added_tokens[0].lstrip = true)],
    ['model.merges', (it) => it.model.merges.push(['a', 'never'])],
    ['model.merges', (it) => it.model.merges.push('a b c')],
    ['model.vocab', (it) => (it.model.vocab.x = -1)],
    ['model.vocab', (it) => (it.model.vocab.Ġx = 2 ** 33)],
  ])('is refused for %s', (part, change) => {
    const changed = file();
    change(changed);
    const error = thrownBy(() => fromHuggingFace(changed));
    expect(error.code).toBe('checkpoint');
    expect(error.message).toContain(part);
    expect(error.hint).toBeDefined();
  });
});

it('characters without an id of their own are refused', () => {
  for (const id of [3, 2 ** 31, 1]) {
    const chars = file(CharTokenizer.fromText('ab'));
    chars.model.vocab.a = id;
    expect(thrownBy(() => fromHuggingFace(chars)).message).toContain('model.vocab');
  }
});

describe("GPT-2's vocab.json and merges.txt", () => {
  it('are a tokenizer', () => {
    const { model } = file();
    const merges = ['#version: 0.2', ...model.merges.map((pair: string[]) => pair.join(' ')), ''].join('\n');
    const vocab = { ...model.vocab, '<|endoftext|>': bpe.endOfText };
    const tokenizer = fromVocabAndMerges(vocab, merges);
    expect(tokenizer.toJSON()).toEqual(bpe.toJSON());
    expect(thrownBy(() => fromVocabAndMerges(vocab, 'a b c')).code).toBe('checkpoint');
    expect(thrownBy(() => fromVocabAndMerges([], merges)).code).toBe('checkpoint');
  });
});
