import type { Language } from '../page/words.ts';
import { en, type Words } from './words/en.ts';
import { zh } from './words/zh.ts';

/** What the workbench says, in both languages. */
export const words: Readonly<Record<Language, Words>> = { en, zh };
