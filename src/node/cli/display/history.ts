/** A point of a curve: the update, and the loss there. */
export type Point = [step: number, loss: number];

const CAPACITY = 256;

/**
 * The training loss so far, as at most 256 means over stretches of equal length. When they are full,
 * neighbours are merged and the stretches doubled, so that adding costs next to nothing however long a run is.
 */
export class LossHistory {
  private losses: number[] = [];
  private stretch = 1;
  private sum = 0;
  private pending = 0;
  private first: number | undefined;

  /** Adds the loss of the next update. */
  add(step: number, loss: number): void {
    this.first ??= step;
    this.sum += loss;
    this.pending++;
    if (this.pending < this.stretch) return;
    this.losses.push(this.sum / this.pending);
    this.sum = 0;
    this.pending = 0;
    if (this.losses.length < CAPACITY) return;
    this.losses = meansOf(this.losses, 2);
    this.stretch *= 2;
  }

  /** The curve as at most `limit` means of equal weight. */
  points(limit: number): Point[] {
    const group = Math.max(1, Math.ceil(this.losses.length / limit));
    return meansOf(this.losses, group).map((loss, i) => [
      this.first! + (i + 0.5) * group * this.stretch,
      loss,
    ]);
  }
}

/** The mean of each `size` values; what is left over at the end does not count. */
function meansOf(values: readonly number[], size: number): number[] {
  return Array.from({ length: Math.floor(values.length / size) }, (_, i) => {
    const group = values.slice(i * size, (i + 1) * size);
    return group.reduce((sum, value) => sum + value, 0) / size;
  });
}
