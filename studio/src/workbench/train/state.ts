import { batch, computed, effect, signal } from '@preact/signals';
import type { Recipe, RecipeChanges } from 'nanobard';
import { asFailure } from '../../ui/failure.tsx';
import { ask, machine, showCurve } from '../client.ts';
import type { Failure, Plan, TextInfo, TextSource } from '../protocol.ts';

// What is to be trained, as it is put together on the page, and which runs are looked at.

/** What is pasted or typed. */
export const pasted = signal('');
/** What was dropped or chosen beside it. */
export const sources = signal<readonly TextSource[]>([]);
export const textInfo = signal<TextInfo | undefined>(undefined);
export const textFailure = signal<Failure | undefined>(undefined);

export const recipeName = signal('fast');
/** Numbers of the recipe that were changed. */
export const changes = signal<Readonly<Record<string, number>>>({});

export const plan = signal<Plan | undefined>(undefined);
export const planFailure = signal<Failure | undefined>(undefined);

/** Runs whose curves are drawn; the first is the one that is looked at. */
export const selected = signal<readonly string[]>([]);

/** What last went wrong with a run. */
export const failure = signal<Failure | undefined>(undefined);

/** The recipe with its changes, as far as the page knows. */
export const recipe = computed((): (Recipe & Readonly<Record<string, unknown>>) | undefined => {
  const named = machine.value?.recipes[recipeName.value];
  return named && { ...named, ...changes.value };
});

/** The changes as the library takes them. */
export const recipeChanges = computed((): RecipeChanges => changes.value);

const allSources = computed((): readonly TextSource[] => [
  ...(pasted.value.trim() === '' ? [] : [{ kind: 'text' as const, name: 'text', text: pasted.value }]),
  ...sources.value,
]);

/** Waits until nothing has changed for a moment: who types is not answered at each key. */
function settled(run: () => Promise<void>): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(() => void run(), 200);
  };
}

const readText = settled(async () => {
  const wanted = allSources.peek();
  try {
    const info = wanted.length === 0 ? undefined : await ask('useText', [wanted]);
    if (wanted !== allSources.peek()) return; // it has changed meanwhile
    batch(() => {
      textInfo.value = info;
      textFailure.value = undefined;
    });
  } catch (error) {
    textInfo.value = undefined;
    textFailure.value = asFailure(error);
  }
});

const makePlan = settled(async () => {
  const name = recipeName.peek();
  const changed = changes.peek();
  try {
    const made = await ask('plan', [{ recipe: name, changes: recipeChanges.peek() }]);
    if (name !== recipeName.peek() || changed !== changes.peek()) return;
    plan.value = made;
    planFailure.value = undefined;
  } catch (error) {
    planFailure.value = asFailure(error);
    plan.value = undefined;
  }
});

effect(() => {
  void allSources.value;
  readText();
});

effect(() => {
  if (!machine.value || !textInfo.value) {
    plan.value = undefined;
    return;
  }
  void [recipeName.value, changes.value];
  makePlan();
});

/** Does something with a run; what goes wrong is shown. */
export async function attempt(run: () => Promise<unknown>): Promise<void> {
  failure.value = undefined;
  try {
    await run();
  } catch (error) {
    failure.value = asFailure(error);
  }
}

/** Looks at a run: alone, or beside those that are looked at. */
export async function select(run: string, beside = false): Promise<void> {
  await attempt(() => showCurve(run));
  const others = selected.value.filter((other) => other !== run);
  selected.value = beside ? [...others, run] : [run];
}

export function unselect(run: string): void {
  selected.value = selected.value.filter((other) => other !== run);
}
