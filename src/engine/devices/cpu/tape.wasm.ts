// The tape: a list of kernel calls that all threads walk together, waiting for each other after each.
//
//   tape     opcode, number of arguments, arguments …   (32-bit words)
//   control  one 64-byte line for each word that is written often

import { int } from '../../ops/shared/kernel.wasm';

/**
 * Which run is under way: a counter above the number of threads that take part (one byte). Workers look at it
 * when it changes; negative, they end. One word, so that nobody pairs a run with another run's threads.
 */
const RUN: usize = 0;
const TAPE: usize = 4;
const TAPE_END: usize = 8;
/** How many threads have arrived at the barrier. */
const ARRIVED: usize = 64;
/** How often the barrier has opened. */
const OPENED: usize = 128;
/** How many threads sleep, at the barrier or waiting for a run. */
const SLEEPING: usize = 192;

/** How often a waiting thread looks before it sleeps: about 50 µs. */
const SPINS: i32 = 20000;

/**
 * Sleeps while the word at `p` is `old`: `Atomics.wait`, done by the host. (WebAssembly's own
 * `memory.atomic.wait32` clobbers a register in the baseline compiler of Node 20.)
 */
// @ts-ignore: decorator
@external('env', 'sleep')
declare function sleep(p: usize, old: i32): void;

type Dispatch = (opcode: i32, args: usize, thread: i32, threads: i32) => void;
let dispatch: Dispatch = (_opcode, _args, _thread, _threads) => {};

export function setDispatch(f: Dispatch): void {
  dispatch = f;
}

/** Waits until the word at `p` is no longer `old`. */
function awaitChange(control: usize, p: usize, old: i32): void {
  for (let i = 0; i < SPINS; i++) if (atomic.load<i32>(p) != old) return;
  atomic.add<i32>(control + SLEEPING, 1);
  while (atomic.load<i32>(p) == old) sleep(p, old);
  atomic.sub<i32>(control + SLEEPING, 1);
}

function wake(control: usize, p: usize): void {
  if (atomic.load<i32>(control + SLEEPING) != 0) atomic.notify(p, 1000);
}

function barrier(control: usize, threads: i32): void {
  const opened = atomic.load<i32>(control + OPENED);
  if (atomic.add<i32>(control + ARRIVED, 1) == threads - 1) {
    atomic.store<i32>(control + ARRIVED, 0);
    atomic.store<i32>(control + OPENED, opened + 1);
    wake(control, control + OPENED);
  } else {
    awaitChange(control, control + OPENED, opened);
  }
}

function walk(control: usize, tape: usize, end: usize, thread: i32, threads: i32): void {
  while (tape < end) {
    dispatch(int(tape, 0), tape + 8, thread, threads);
    tape += 8 + ((<usize>int(tape, 1)) << 2);
    if (threads > 1) barrier(control, threads);
  }
}

/** Runs a tape on `threads` (≤ 255) threads; the calling one is number 0. */
export function runAsCaller(control: usize, tape: usize, end: usize, threads: i32): void {
  if (tape >= end) return; // without a barrier nobody would wait for the workers to have seen it
  if (threads > 1) {
    store<i32>(control + TAPE, <i32>tape);
    store<i32>(control + TAPE_END, <i32>end);
    const run = ((load<i32>(control + RUN) >> 8) + 1) & 0x7fffff;
    atomic.store<i32>(control + RUN, (run << 8) | threads);
    wake(control, control + RUN);
  }
  walk(control, tape, end, 0, threads);
}

/** A worker's whole life: waits for runs and takes part in them until the run counter turns negative. */
export function runAsWorker(control: usize, thread: i32): void {
  let run = 0;
  while (true) {
    awaitChange(control, control + RUN, run);
    run = atomic.load<i32>(control + RUN);
    if (run < 0) return;
    const threads = run & 0xff;
    if (thread >= threads) continue;
    walk(control, <usize>load<u32>(control + TAPE), <usize>load<u32>(control + TAPE_END), thread, threads);
  }
}
