export interface CosineScheduleOptions {
  /** The highest learning rate, reached after the warm-up. */
  readonly learningRate: number;
  /** The learning rate from `decayIters` on. */
  readonly minLearningRate: number;
  /** Iterations over which the learning rate rises in equal steps from above 0. */
  readonly warmupIters: number;
  /** The iteration at which the decay ends. */
  readonly decayIters: number;
}

/**
 * The learning rate of each iteration, counted from 0: a linear warm-up, then half a cosine down to
 * `minLearningRate`, as in nanoGPT. Loshchilov & Hutter, "SGDR: Stochastic Gradient Descent with Warm
 * Restarts", 2017, without the restarts.
 */
export function cosineSchedule(options: CosineScheduleOptions): (iter: number) => number {
  const { learningRate, minLearningRate, warmupIters, decayIters } = options;
  return (iter) => {
    if (iter < warmupIters) return (learningRate * (iter + 1)) / (warmupIters + 1);
    if (iter >= decayIters) return minLearningRate;
    const progress = (iter - warmupIters) / (decayIters - warmupIters);
    const share = 0.5 * (1 + Math.cos(Math.PI * progress));
    return minLearningRate + share * (learningRate - minLearningRate);
  };
}
