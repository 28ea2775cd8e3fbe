/** A point of a curve: the update, and the loss there. */
export type Point = readonly [step: number, loss: number];

const CAPACITY = 256;

/**
 * The training loss so far, as at most 256 means over stretches of equal length. When they are full,
 * neighbours are merged and the stretches doubled, so that adding costs next to nothing however long a run is.
 */
export class LossHistory {
  private readonly losses = new Float64Array(CAPACITY);
  private count = 0;
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
    this.losses[this.count++] = this.sum / this.pending;
    this.sum = 0;
    this.pending = 0;
    if (this.count === CAPACITY) this.merge();
  }

  /** The curve as at most `limit` means of equal weight. */
  points(limit: number): Point[] {
    const group = Math.max(1, Math.ceil(this.count / limit));
    const points: Point[] = [];
    for (let start = 0; start + group <= this.count; start += group) {
      let sum = 0;
      for (let i = start; i < start + group; i++) sum += this.losses[i]!;
      points.push([this.first! + (start + group / 2) * this.stretch, sum / group]);
    }
    return points;
  }

  private merge(): void {
    this.count /= 2;
    for (let i = 0; i < this.count; i++) this.losses[i] = (this.losses[2 * i]! + this.losses[2 * i + 1]!) / 2;
    this.stretch *= 2;
  }
}
