import * as v from 'valibot';
import { NanobardError } from '../../../engine/errors.ts';
import { GPT2_PATTERN, type Pattern } from './split.ts';
import { type BpeParts, normalForms } from './vocabulary.ts';

// What stands around the model in a tokenizer.json: a text is normalized, cut into words and, at the end, put into a template.

type Typed = { readonly type: string } & Readonly<Record<string, unknown>>;
type Part = Typed | null | undefined;

type Ways = Pick<BpeParts, 'normalForm' | 'patterns' | 'begin'>;

/** GPT-2's pattern as it is written here, and with its contractions in one group. */
const GPT2_PATTERNS = [GPT2_PATTERN, GPT2_PATTERN.replace("'s|'t|'re|'ve|'m|'ll|'d", "'(?:[sdmt]|ll|ve|re)")];

const NormalizerSchema = v.object({ type: v.picklist(normalForms) });
const Normalizers = v.object({ type: v.literal('Sequence'), normalizers: v.array(v.looseObject({})) });

const ByteLevel = v.object({
  type: v.literal('ByteLevel'),
  add_prefix_space: v.literal(false),
  use_regex: v.optional(v.boolean(), true),
});
const Digits = v.object({ type: v.literal('Digits'), individual_digits: v.boolean() });
const Split = v.object({
  type: v.literal('Split'),
  pattern: v.union([v.strictObject({ Regex: v.string() }), v.strictObject({ String: v.string() })]),
  behavior: v.string(),
  invert: v.optional(v.boolean(), false),
});
const Sequence = v.object({
  type: v.literal('Sequence'),
  pretokenizers: v.array(v.looseObject({ type: v.string() })),
});

const Template = v.object({
  type: v.literal('TemplateProcessing'),
  single: v.array(
    v.union([
      v.strictObject({ Sequence: v.looseObject({ id: v.literal('A') }) }),
      v.strictObject({ SpecialToken: v.looseObject({ id: v.string() }) }),
    ]),
  ),
});
const Processors = v.object({
  type: v.literal('Sequence'),
  processors: v.array(v.looseObject({ type: v.string() })),
});

type Check = <S extends v.GenericSchema>(place: string, schema: S, value: unknown) => v.InferOutput<S>;

/**
 * How a text is normalized, cut into words and begun.
 *
 * @param check what a schema makes of a value, or throws an error that names the place
 * @throws {NanobardError} code `checkpoint`, naming what is not supported
 */
export function readPipeline(
  file: { readonly normalizer?: Part; readonly pre_tokenizer?: Part; readonly post_processor?: Part },
  check: Check,
): Ways {
  const normalForm = normalFormOf(file.normalizer, check);
  const patterns = patternsOf(file.pre_tokenizer, check);
  const begin = beginOf(file.post_processor, check);
  const [pattern = ''] = patterns;
  const written = typeof pattern === 'string' ? pattern : pattern.keep; // GPT-2's leaves nothing out
  const isGpt2 = patterns.length === 1 && GPT2_PATTERNS.includes(written);
  return {
    ...(normalForm && { normalForm }),
    ...(!isGpt2 && { patterns }),
    ...(begin !== undefined && { begin }),
  };
}

function normalFormOf(normalizer: Part, check: Check): BpeParts['normalForm'] {
  if (!normalizer) return undefined;
  const all =
    normalizer.type === 'Sequence' ? check('normalizer', Normalizers, normalizer).normalizers : [normalizer];
  const [first] = all;
  if (!first) return undefined;
  if (all.length > 1 || !v.is(NormalizerSchema, first))
    throw unsupported('normalizer', all.map(({ type }) => String(type)).join(', '));
  return first.type;
}

/** Byte symbols come last: what stands before them cuts. */
function patternsOf(split: Part, check: Check): Pattern[] {
  if (!split) throw unsupported('pre_tokenizer', 'none');
  const all = split.type === 'Sequence' ? check('pre_tokenizer', Sequence, split).pretokenizers : [split];
  const place = (index: number): string =>
    split.type === 'Sequence' ? `pre_tokenizer.pretokenizers.${index}` : 'pre_tokenizer';
  const patterns = all.flatMap((part, index): Pattern | Pattern[] => {
    const isLast = index === all.length - 1;
    if (isLast !== (part.type === 'ByteLevel'))
      throw unsupported('pre_tokenizer', all.map(({ type }) => type).join(', '));
    if (part.type === 'ByteLevel') return check(place(index), ByteLevel, part).use_regex ? GPT2_PATTERN : [];
    if (part.type === 'Digits')
      return check(place(index), Digits, part).individual_digits ? '\\p{N}' : '\\p{N}+';
    if (part.type !== 'Split') throw unsupported('pre_tokenizer', part.type);
    const { pattern, behavior, invert } = check(place(index), Split, part);
    const written =
      'Regex' in pattern ? pattern.Regex : pattern.String.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
    if (behavior === 'Isolated') return written;
    if (behavior === 'Removed' && invert) return { keep: written };
    throw unsupported('pre_tokenizer', `Split, ${behavior}`);
  });
  return patterns;
}

/** The token that a text begins with; none may stand behind it. */
function beginOf(processor: Part, check: Check): string | undefined {
  if (!processor) return undefined;
  const all =
    processor.type === 'Sequence' ? check('post_processor', Processors, processor).processors : [processor];
  const begins = all.flatMap((part) => {
    if (part.type === 'ByteLevel') return []; // only moves offsets
    if (part.type !== 'TemplateProcessing') throw unsupported('post_processor', part.type);
    const { single } = check('post_processor', Template, part);
    const [first, second] = single;
    if (single.length === 1 && first && 'Sequence' in first) return [];
    if (single.length === 2 && first && 'SpecialToken' in first && second && 'Sequence' in second)
      return first.SpecialToken.id;
    throw unsupported('post_processor', 'a template with tokens behind the text');
  });
  if (begins.length > 1) throw unsupported('post_processor', 'several templates');
  return begins[0];
}

/**
 * The same in a file. The pattern is written out: what ByteLevel itself cuts by is another one in JavaScript (its \s).
 *
 * @param special the special tokens with their ids
 */
export function writePipeline(
  { normalForm, patterns = [GPT2_PATTERN], begin }: Ways,
  special: ReadonlyMap<string, number>,
): object {
  const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };
  const splits = patterns.map((pattern) => ({
    type: 'Split',
    ...(typeof pattern === 'string'
      ? { pattern: { Regex: pattern }, behavior: 'Isolated', invert: false }
      : { pattern: { Regex: pattern.keep }, behavior: 'Removed', invert: true }),
  }));
  return {
    normalizer: normalForm ? { type: normalForm } : null,
    pre_tokenizer: { type: 'Sequence', pretokenizers: [...splits, bytes] },
    post_processor: begin === undefined ? null : template(begin, special.get(begin)!),
    decoder: bytes,
  };
}

function template(name: string, id: number): object {
  const begin = { SpecialToken: { id: name, type_id: 0 } };
  const sequence = (letter: string, type: number): object => ({ Sequence: { id: letter, type_id: type } });
  return {
    type: 'TemplateProcessing',
    single: [begin, sequence('A', 0)],
    pair: [begin, sequence('A', 0), sequence('B', 1)],
    special_tokens: { [name]: { id: name, ids: [id], tokens: [name] } },
  };
}

/** What a tokenizer does that is not supported. */
export function unsupported(part: string, what: string): NanobardError {
  return new NanobardError('checkpoint', `This tokenizer's ${part} is not supported: ${what}`, {
    hint: 'Supported are byte-level BPE, and characters as nanobard writes them.',
  });
}
