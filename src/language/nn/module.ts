import { type Generator as RandomGenerator, Variable } from '../../engine/tensor/index.ts';

/**
 * A part of a model: its parameters and the parts that it is made of are its attributes, and their names
 * are the paths that lead to them (`transformer.h.0.ln_1.weight`), as in PyTorch.
 */
export abstract class Module {
  /** Whether dropout is active; `train()` and `eval()` set it for all parts. Read while a graph is built. */
  training = true;

  /** Every part with its path, in order of definition, each before its own parts. */
  *namedModules(path = ''): Generator<[path: string, module: Module]> {
    yield [path, this];
    for (const [name, value] of children(this)) {
      if (value instanceof Module) yield* value.namedModules(join(path, name));
    }
  }

  /** Every parameter by its path, in order of definition; one that is shared appears once, where first met. */
  namedParameters(): Map<string, Variable> {
    const parameters = new Map<string, Variable>();
    const seen = new Set<Variable>();
    for (const [path, module] of this.namedModules()) {
      for (const [name, value] of children(module)) {
        if (!(value instanceof Variable) || seen.has(value)) continue;
        seen.add(value);
        value.name = join(path, name);
        parameters.set(value.name, value);
      }
    }
    return parameters;
  }

  /** Every parameter, named by its path, in order of definition: what an optimizer is given. */
  parameters(): Variable[] {
    return [...this.namedParameters().values()];
  }

  /** Number of trainable values; shared ones count once. */
  parameterCount(): number {
    return this.parameters().reduce((sum, parameter) => sum + parameter.size, 0);
  }

  /**
   * Draws the initial weights, in order of definition: as the constructors of PyTorch's layers do, from the same state
   * of the generator the same bits. Without it a model starts with zeros, to be loaded.
   */
  initialize(generator: RandomGenerator): this {
    for (const _ of this.initialization(generator));
    return this;
  }

  /** `initialize` in pieces, one a tensor: in between, a page can answer. */
  *initialization(generator: RandomGenerator): Iterable<void> {
    for (const [, child] of children(this)) {
      if (child instanceof Module) yield* child.initialization(generator);
    }
  }

  /** Sets this and all parts to training, with dropout, or with `false` to evaluation. */
  train(mode = true): this {
    for (const [, module] of this.namedModules()) module.training = mode;
    return this;
  }

  /** Sets this and all parts to evaluation: no dropout. */
  eval(): this {
    return this.train(false);
  }

  /** What `trace` returns when all parts are set to evaluation; afterwards they are as they were before. */
  evaluating<T>(trace: () => T): T {
    const modes = [...this.namedModules()].map(([, module]) => ({ module, training: module.training }));
    this.eval();
    try {
      return trace();
    } finally {
      for (const { module, training } of modes) module.training = training;
    }
  }
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

/** The modules and parameters among an object's attributes, looking into arrays and plain objects. */
function* children(owner: object, prefix = ''): Generator<[name: string, value: Module | Variable]> {
  for (const [key, value] of Object.entries(owner)) {
    const name = join(prefix, key);
    if (value instanceof Module || value instanceof Variable) yield [name, value];
    else if (Array.isArray(value) || Object.getPrototypeOf(value ?? 0) === Object.prototype)
      yield* children(value, name);
  }
}
