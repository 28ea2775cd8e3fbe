import { computed, signal } from '@preact/signals';
import { runs } from '../client.ts';
import type { ModelInfo } from '../protocol.ts';

/** Models that were opened from files or the server. */
export const openedModels = signal<readonly Pick<ModelInfo, 'id' | 'name'>[]>([]);

/** Every model that can write: of runs that have one, the newest first, and those that were opened. */
export const models = computed((): readonly Pick<ModelInfo, 'id' | 'name'>[] => [
  ...openedModels.value,
  ...runs.value.flatMap(({ id, name, bestVal, status }) =>
    bestVal !== null || status === 'training' || status === 'paused' ? [{ id: `run:${id}`, name }] : [],
  ),
]);

/** The model that was chosen; while none was, the first. */
export const chosenModel = signal<string | undefined>(undefined);

export const currentModel = computed((): string | undefined => {
  const known = models.value.some(({ id }) => id === chosenModel.value);
  return known ? chosenModel.value : models.value[0]?.id;
});

export const prompt = signal('');
