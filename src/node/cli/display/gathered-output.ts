import type { Output } from '../io.ts';

/**
 * Gathers what is written until the event loop turns, as it does every few milliseconds while text is made, and
 * then writes it at once: each write is a system call, which may cost more than the token that it tells of.
 */
export class GatheredOutput {
  private readonly output: Output;
  private gathered = '';

  constructor(output: Output) {
    this.output = output;
  }

  write(text: string): void {
    if (this.gathered === '' && text !== '') setImmediate(() => this.flush());
    this.gathered += text;
  }

  /** Writes at once what has been gathered: at the end, and before anything else is written. */
  flush(): void {
    const text = this.gathered;
    this.gathered = '';
    if (text !== '') this.output.write(text);
  }
}
