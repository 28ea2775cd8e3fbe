// The tape: a list of kernel calls that all threads walk together, waiting for each other after each.
//
//   tape     opcode, number of arguments, arguments …   (32-bit words)
//   control  one 64-byte line for what is written once a run, one for each word that is written often, and one
//            for each thread: its mailbox

import { int } from '../../ops/shared/kernel.wasm';

/** What runs: where the tape begins and ends, and how many threads walk it. */
const TAPE: usize = 0;
const TAPE_END: usize = 4;
const THREADS: usize = 8;
/** How many threads have arrived at the barrier. */
const ARRIVED: usize = 64;
/** How often the barrier has opened; negative, it never will again, because a thread has failed. */
const OPENED: usize = 128;
/** How many threads sleep at the barrier. */
const SLEEPING: usize = 192;
/**
 * A worker's mailbox: which run it takes part in, a counter, and whether it sleeps waiting for the next. Negative,
 * the counter ends it. Workers that do not take part in a run sleep through it.
 */
const MAILBOXES: usize = 256;
const RUN: usize = 0;
const ASLEEP: usize = 4;

/** How often a waiting thread looks before it sleeps: about 50 µs. */
const SPINS: i32 = 20000;

/**
 * Sleeps while the word at `p` is `old`: `Atomics.wait`, done by the host. (WebAssembly's own
 * `memory.atomic.wait32` clobbers a register in the baseline compiler of Node 20.)
 */
@external('env', 'sleep')
declare function sleep(p: usize, old: i32): void;

type Dispatch = (opcode: i32, args: usize, thread: i32, threads: i32) => void;
let dispatch: Dispatch = (_opcode, _args, _thread, _threads) => {};

export function setDispatch(f: Dispatch): void {
  dispatch = f;
}

/** Waits until the word at `p` is no longer `old`; `sleeping` counts who sleeps there. */
function awaitChange(p: usize, old: i32, sleeping: usize): void {
  for (let i = 0; i < SPINS; i++) if (atomic.load<i32>(p) != old) return;
  atomic.add<i32>(sleeping, 1);
  while (atomic.load<i32>(p) == old) sleep(p, old);
  atomic.sub<i32>(sleeping, 1);
}

function wake(p: usize, sleeping: usize): void {
  if (atomic.load<i32>(sleeping) != 0) atomic.notify(p, 1000);
}

function barrier(control: usize, threads: i32): void {
  const opened = atomic.load<i32>(control + OPENED);
  if (opened < 0) unreachable();
  if (atomic.add<i32>(control + ARRIVED, 1) == threads - 1) {
    atomic.store<i32>(control + ARRIVED, 0);
    atomic.store<i32>(control + OPENED, (opened + 1) & 0x7fffffff);
    wake(control + OPENED, control + SLEEPING);
  } else {
    awaitChange(control + OPENED, opened, control + SLEEPING);
    if (atomic.load<i32>(control + OPENED) < 0) unreachable();
  }
}

function walk(control: usize, tape: usize, end: usize, thread: i32, threads: i32): void {
  while (tape < end) {
    dispatch(int(tape, 0), tape + 8, thread, threads);
    tape += 8 + ((<usize>int(tape, 1)) << 2);
    if (threads > 1) barrier(control, threads);
  }
}

function mailbox(control: usize, thread: i32): usize {
  return control + MAILBOXES + ((<usize>thread) << 6);
}

/** Runs a tape on `threads` (≤ 255) threads; the calling one is number 0. */
export function runAsCaller(control: usize, tape: usize, end: usize, threads: i32): void {
  if (tape >= end) return; // without a barrier nobody would wait for the workers to have seen it
  if (threads > 1) {
    store<u32>(control + TAPE, <u32>tape);
    store<u32>(control + TAPE_END, <u32>end);
    store<i32>(control + THREADS, threads);
    for (let thread = 1; thread < threads; thread++) {
      const box = mailbox(control, thread);
      atomic.store<i32>(box + RUN, (load<i32>(box + RUN) + 1) & 0x7fffffff);
      wake(box + RUN, box + ASLEEP);
    }
  }
  walk(control, tape, end, 0, threads);
}

/** A worker's whole life: waits for runs and takes part in them until its counter turns negative. */
export function runAsWorker(control: usize, thread: i32): void {
  const box = mailbox(control, thread);
  let run = 0;
  while (true) {
    awaitChange(box + RUN, run, box + ASLEEP);
    run = atomic.load<i32>(box + RUN);
    if (run < 0) return;
    const tape = <usize>load<u32>(control + TAPE);
    walk(control, tape, <usize>load<u32>(control + TAPE_END), thread, load<i32>(control + THREADS));
  }
}

/** Tells those who wait at the barrier, now or later, that a thread will never arrive: they fail, too. */
export function abandon(control: usize): void {
  atomic.store<i32>(control + OPENED, i32.MIN_VALUE);
  atomic.notify(control + OPENED, 1000);
}

/** Ends the workers with numbers below `threads`. */
export function dismiss(control: usize, threads: i32): void {
  for (let thread = 1; thread < threads; thread++) {
    const box = mailbox(control, thread);
    atomic.store<i32>(box + RUN, i32.MIN_VALUE);
    atomic.notify(box + RUN, 1);
  }
}
