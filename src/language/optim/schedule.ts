export interface CosineScheduleOptions {
  /** The highest learning rate, reached after the warm-up. */
  readonly learningRate: number;
  /** The learning rate from `decaySteps` on. */
  readonly minLearningRate: number;
  /** Steps over which the learning rate rises evenly from above 0. */
  readonly warmupSteps: number;
  /** The step at which the decay ends. */
  readonly decaySteps: number;
}

/**
 * The learning rate of each step, counted from 0: a linear warm-up, then half a cosine down to
 * `minLearningRate`, as in nanoGPT. Loshchilov & Hutter, "SGDR: Stochastic Gradient Descent with Warm
 * Restarts", 2017, without the restarts.
 */
export function cosineSchedule(options: CosineScheduleOptions): (step: number) => number {
  const { learningRate, minLearningRate, warmupSteps, decaySteps } = options;
  return (step) => {
    if (step < warmupSteps) return (learningRate * (step + 1)) / (warmupSteps + 1);
    if (step >= decaySteps) return minLearningRate;
    const progress = (step - warmupSteps) / (decaySteps - warmupSteps);
    const share = 0.5 * (1 + Math.cos(Math.PI * progress));
    return minLearningRate + share * (learningRate - minLearningRate);
  };
}
