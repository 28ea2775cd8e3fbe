import { language } from '../../page/address.ts';
import { FailureNote } from '../../ui/failure.tsx';
import { NumberField } from '../../ui/field.tsx';
import { bytes, duration, flops, whole } from '../../ui/format.ts';
import { ask, machine, runs, start } from '../client.ts';
import type { DeviceChoice, Plan } from '../protocol.ts';
import { words } from '../words.ts';
import {
  attempt,
  changes,
  plan,
  planFailure,
  recipe,
  recipeChanges,
  recipeName,
  select,
  textInfo,
} from './state.ts';

/** Fields that decide the size, how far they can be dragged, and those for who wants to know. */
const main = {
  nLayer: { min: 1, max: 12 },
  nHead: { min: 1, max: 12 },
  nEmbd: { min: 16, max: 512, step: 16 },
  blockSize: { min: 8, max: 512, step: 8 },
  batchSize: { min: 1, max: 64 },
  maxIters: { min: 20, max: 5000, step: 20 },
} as const;

const more = {
  learningRate: { min: 0.0001, max: 0.05, step: 0.0001 },
  dropout: { min: 0, max: 0.5, step: 0.05 },
  warmupIters: { min: 0, max: 500, step: 10 },
  weightDecay: { min: 0, max: 0.3, step: 0.01 },
  evalInterval: { min: 10, max: 500, step: 10 },
  evalIters: { min: 1, max: 200 },
  ngramOrder: { min: 1, max: 8 },
  ngramRows: { min: 1024, max: 65_536, step: 1024 },
  seed: { min: 0, max: 9999 },
} as const;

type Limits = Readonly<
  Record<string, { readonly min: number; readonly max: number; readonly step?: number }>
>;

/** What to train, how large, and what that will take. */
export function RecipePanel() {
  const say = words[language.value];
  const { recipes = {} } = machine.value ?? {};
  const training = runs.value.some(({ status }) => status === 'training' || status === 'paused');
  return (
    <section class="panel" aria-labelledby="recipe-title">
      <h2 id="recipe-title">{say.recipe}</h2>
      <label class="line">
        <span>{say.recipe}</span>
        <select
          value={recipeName.value}
          onChange={({ currentTarget }) => {
            recipeName.value = currentTarget.value;
            changes.value = {};
          }}
        >
          {Object.keys(recipes).map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <p class="quiet">{say.recipes[recipeName.value]}</p>
      <Fields limits={main} />
      <details>
        <summary>{say.more}</summary>
        <Fields limits={more} />
        <MachineFields disabled={training} />
      </details>
      <FailureNote failure={planFailure.value} />
      {plan.value && <PlanView plan={plan.value} />}
      <div class="tools plain">
        <button
          type="button"
          class="primary large"
          disabled={!plan.value || training}
          onClick={() => void attempt(begin)}
        >
          ▶ {say.train}
        </button>
        {!textInfo.value && <span class="quiet">{say.needsText}</span>}
        {training && <span class="quiet">{say.oneAtATime}</span>}
      </div>
    </section>
  );
}

/** What computes. */
function MachineFields({ disabled }: { readonly disabled: boolean }) {
  const say = words[language.value];
  const { device = 'cpu', hasGpu = false, threads = 1, processors = 1 } = machine.value ?? {};
  return (
    <>
      {hasGpu && (
        <label class="line">
          <span>{say.device}</span>
          <select
            value={device}
            disabled={disabled}
            onChange={({ currentTarget }) =>
              void attempt(() => start({ device: currentTarget.value as DeviceChoice }))
            }
          >
            <option value="cpu">{say.devices.cpu}</option>
            <option value="webgpu">{say.devices.webgpu}</option>
          </select>
        </label>
      )}
      {device === 'cpu' && processors > 1 && (
        <NumberField
          label={say.threads}
          value={threads}
          min={1}
          max={processors}
          disabled={disabled}
          onInput={(value) => void attempt(() => start({ threads: Math.max(1, Math.round(value)) }))}
        />
      )}
    </>
  );
}

async function begin(): Promise<void> {
  const name = newName(textInfo.peek()?.name ?? 'text');
  const options = { name, recipe: recipeName.peek(), changes: recipeChanges.peek() };
  await select(await ask('train', [options]));
}

/** The text's name, with a number behind it where there is such a run. */
function newName(text: string): string {
  const base = text.replace(/\.\w{1,5}$/, '').slice(0, 40);
  const taken = new Set(runs.peek().map(({ name }) => name));
  for (let number = 1; ; number++) {
    const name = `${base} ${number}`;
    if (!taken.has(name)) return name;
  }
}

function Fields({ limits }: { readonly limits: Limits }) {
  const say = words[language.value];
  const current = recipe.value;
  if (!current) return null;
  const shown = Object.entries(limits).filter(([name]) => typeof current[name] === 'number');
  return (
    <div class="fields">
      {shown.map(([name, limit]) => (
        <NumberField
          key={name}
          label={say.fields[name] ?? name}
          value={current[name] as number}
          {...limit}
          wrong={planFailure.value?.options.includes(name) ?? false}
          onInput={(value) => {
            changes.value = { ...changes.value, [name]: value };
          }}
        />
      ))}
    </div>
  );
}

function PlanView({ plan }: { readonly plan: Plan }) {
  const say = words[language.value];
  const total = plan.flopsPerStep * plan.recipe.maxIters;
  const facts = [
    [say.parameters, whole(plan.parameters)],
    [say.memory, bytes(plan.bytes)],
    [say.perStep, flops(plan.flopsPerStep)],
    [say.inAll, flops(total)],
    [say.about, duration(plan.seconds)],
    [say.passes, plan.passes.toPrecision(2)],
  ] as const;
  return (
    <>
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {plan.repeats && (
        <p class="warning" role="status">
          {say.repeats(plan.passes.toFixed(1), whole(plan.onePass))}{' '}
          <button
            type="button"
            onClick={() => {
              const { evalInterval } = plan.recipe;
              const maxIters = plan.onePass;
              changes.value = {
                ...changes.value,
                maxIters,
                ...(evalInterval > maxIters && { evalInterval: Math.max(1, Math.ceil(maxIters / 4)) }),
              };
            }}
          >
            {say.useSteps(whole(plan.onePass))}
          </button>
        </p>
      )}
    </>
  );
}
