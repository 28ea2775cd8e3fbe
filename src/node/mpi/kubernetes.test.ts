import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

// What the MPI operator takes, as far as the file in docs/machines.md uses it; other keys are refused, which a cluster would
// drop in silence. After kubeflow/mpi-operator of 2026-07-02 (caa3c47): manifests/base/kubeflow.org_mpijobs.yaml, and what
// pkg/apis/kubeflow/validation/validation.go asks beyond it. Names are those of RFC 1035, as pods have.
const dnsLabel = v.pipe(v.string(), v.regex(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const quantity = v.union([count, v.pipe(v.string(), v.regex(/^\d+(\.\d+)?(m|[KMGTPE]i|[kMGTPE])?$/))]);
const resources = v.strictObject({ cpu: quantity, memory: quantity });

const container = v.strictObject({
  name: dnsLabel,
  image: v.string(),
  command: v.optional(v.array(v.string())),
  args: v.optional(v.array(v.string())),
  resources: v.optional(v.strictObject({ requests: resources, limits: resources })),
  volumeMounts: v.optional(
    v.array(v.strictObject({ name: dnsLabel, mountPath: v.pipe(v.string(), v.startsWith('/')) })),
  ),
});

const volume = v.strictObject({
  name: dnsLabel,
  persistentVolumeClaim: v.strictObject({ claimName: dnsLabel }),
});

const pod = v.pipe(
  v.strictObject({
    containers: v.pipe(v.array(container), v.minLength(1)),
    volumes: v.optional(v.array(volume)),
  }),
  v.check(({ containers, volumes = [] }) => {
    const names = new Set(volumes.map(({ name }) => name));
    return containers.every(({ volumeMounts = [] }) => volumeMounts.every(({ name }) => names.has(name)));
  }, 'a volume is mounted that the pod does not have'),
);

/** The policy of the pod's own template is overridden by this one, with a warning, and therefore not taken there. */
const replicas = v.strictObject({
  replicas: v.pipe(count, v.minValue(1)),
  restartPolicy: v.optional(v.picklist(['Never', 'OnFailure'])),
  template: v.strictObject({ spec: pod }),
});

const mpiJob = v.strictObject({
  apiVersion: v.literal('kubeflow.org/v2beta1'),
  kind: v.literal('MPIJob'),
  metadata: v.strictObject({ name: dnsLabel }),
  spec: v.strictObject({
    slotsPerWorker: v.optional(count, 1),
    launcherCreationPolicy: v.optional(v.picklist(['AtStartup', 'WaitForWorkersReady'])),
    mpiImplementation: v.optional(v.picklist(['OpenMPI', 'Intel', 'MPICH'])),
    runPolicy: v.optional(
      v.strictObject({
        cleanPodPolicy: v.picklist(['None', 'Running', 'All']),
        backoffLimit: v.optional(count),
      }),
    ),
    mpiReplicaSpecs: v.strictObject({
      Launcher: v.pipe(
        replicas,
        v.check(({ replicas }) => replicas === 1, 'one launcher'),
      ),
      Worker: replicas,
    }),
  }),
});

const guide = await readFile(new URL('../../../docs/machines.md', import.meta.url), 'utf8');
const [, file = ''] = /```yaml\n([\s\S]*?)```/.exec(guide) ?? [];

type Branch = Record<string, unknown>;

const isBranch = (value: unknown): value is Branch => typeof value === 'object' && value !== null;

/** Every object of the file, and every array. */
const branches = (value: unknown): Branch[] =>
  isBranch(value) ? [value, ...Object.values(value).flatMap(branches)] : [];

/** The file once for each of its keys and elements, there changed. */
function changed(change: (branch: Branch, key: string) => void): unknown[] {
  return branches(parse(file)).flatMap((branch, at) =>
    Object.keys(branch).map((key) => {
      const copy: unknown = parse(file);
      change(branches(copy)[at]!, key);
      return copy;
    }),
  );
}

test('the file for Kubernetes is what the MPI operator takes', () => {
  expect(v.safeParse(mpiJob, parse(file)).issues).toBeUndefined();
});

test('as many ranks are started as workers have slots', () => {
  const { spec } = v.parse(mpiJob, parse(file));
  const { Launcher, Worker } = spec.mpiReplicaSpecs;
  const words = Launcher.template.spec.containers.flatMap(({ command = [], args = [] }) => [
    ...command,
    ...args,
  ]);
  const [, ranks] = / -np (\d+) /.exec(words.join(' ')) ?? [];
  expect(Number(ranks)).toBe(Worker.replicas * spec.slotsPerWorker);
});

test('a key that is mistyped or stands in the wrong place is refused, wherever it is', () => {
  const mistyped = changed((branch, key) => {
    branch[`${key}s`] = branch[key]; // arrays then lack an element
    delete branch[key];
  });
  expect(mistyped.filter((job) => v.is(mpiJob, job))).toEqual([]);
});

test('a value of another kind is refused, wherever it stands', () => {
  for (const wrong of [null, true, -1.5, [{}]]) {
    const jobs = changed((branch, key) => {
      branch[key] = wrong;
    });
    expect(jobs.length).toBeGreaterThan(40);
    expect(jobs.filter((job) => v.is(mpiJob, job))).toEqual([]);
  }
});
