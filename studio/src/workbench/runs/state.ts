import { computed, signal } from '@preact/signals';
import { asFailure } from '../../ui/failure.tsx';
import type { Failure } from '../protocol.ts';
import { listing, type RunSummary, refresh, refreshCurve } from './server.ts';

/** Names of the runs whose curves are drawn; the first is the one that is looked at. */
export const chosen = signal<readonly string[]>([]);

export const filter = signal('');

export const failure = signal<Failure | undefined>(undefined);

/** Something to tell that is no failure. */
export const notice = signal('');

export const shown = computed((): readonly RunSummary[] => {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  return (listing.value?.runs ?? []).filter(({ name, state, config }) => {
    const about = `${name} ${state} ${config?.recipeName ?? ''} ${config?.data.name ?? ''}`.toLowerCase();
    return words.every((word) => about.includes(word));
  });
});

export async function attempt(run: () => Promise<unknown>): Promise<void> {
  failure.value = undefined;
  notice.value = '';
  try {
    await run();
  } catch (error) {
    failure.value = asFailure(error);
  }
}

/** Everything that is looked at, as it stands now; runs that are gone are looked at no more. */
export async function refreshAll(): Promise<void> {
  const before = new Map(listing.peek()?.runs.map(({ name, step, state }) => [name, `${step} ${state}`]));
  await refresh();
  const now = listing.peek()?.runs ?? [];
  const gone = chosen.peek().filter((name) => now.every((run) => run.name !== name));
  if (gone.length > 0) chosen.value = chosen.peek().filter((name) => !gone.includes(name));
  const changed = now.filter(
    ({ name, step, state }) =>
      chosen.peek().includes(name) && (state === 'training' || before.get(name) !== `${step} ${state}`),
  );
  await Promise.all(changed.map(({ name }) => refreshCurve(name)));
}

/** Looks at a run: alone, or beside the others. */
export async function choose(name: string, beside = false): Promise<void> {
  const others = chosen.peek().filter((other) => other !== name);
  chosen.value = beside ? [...others, name] : [name];
  await attempt(() => refreshCurve(name));
}

/** Fields of the recipes in which runs differ, with what each has. */
export function differences(runs: readonly RunSummary[]): readonly (readonly [string, readonly string[]])[] {
  const recipes = runs.map(
    ({ config }): Readonly<Record<string, unknown>> => ({
      recipe: config?.recipeName,
      text: config?.data.name,
      ...config?.recipe,
    }),
  );
  const fields = [...new Set(recipes.flatMap(Object.keys))];
  return fields.flatMap((field) => {
    const values = recipes.map((recipe) => String(recipe[field] ?? '–'));
    return new Set(values).size > 1 ? [[field, values] as const] : [];
  });
}
