import { elementwise, FILL } from '../shared/elementwise.wasm';

export function maskedFill(args: usize, thread: i32, threads: i32): void {
  elementwise(FILL, args, thread, threads);
}
