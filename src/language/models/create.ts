import type { Generator } from '../../engine/tensor/generator.ts';
import type { Recipe } from '../recipes/recipe.ts';
import { BigramLanguageModel } from './bigram.ts';
import { GPT } from './gpt.ts';
import type { LanguageModel } from './language-model.ts';
import { ModernGPT } from './modern.ts';

/** The model that a recipe asks for, with weights drawn from `generator`; without one, zeros to be loaded. */
export function createModel(recipe: Recipe, vocabSize: number, generator?: Generator): LanguageModel {
  switch (recipe.model) {
    case 'bigram':
      return new BigramLanguageModel({ vocabSize, blockSize: recipe.blockSize }, generator);
    case 'gpt':
      return new GPT({ vocabSize, ...recipe }, generator);
    case 'modern':
      return new ModernGPT({ vocabSize, ...recipe }, generator);
  }
}
