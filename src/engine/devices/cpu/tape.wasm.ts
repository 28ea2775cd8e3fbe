// The tape: a list of kernel calls that all threads walk together. A call is cut into pieces, by its shape and the
// number of threads. Each thread takes those of its own, and then what others have not begun: whoever is held up, by
// another program on its processor, costs its share. Nobody waits for a thread, only for pieces.
//
//   tape     opcode, number of arguments, pieces a thread, whether all earlier calls must be done first,
//            arguments …   (32-bit words)
//   control  one 64-byte line for what is written once a run, one for each word that is written often, and one
//            for each thread: its mailbox
//
// A thread may be so late that the run is over and its tape gone: it checks that the run goes on after it has read and
// before it takes a piece, and what it takes pieces by only ever grows, so that it cannot take one of a later run.

import { int } from '../../ops/shared/kernel.wasm';

/** What runs: where the tape begins and ends, how many threads walk it, and the counters' values at the beginning. */
const TAPE: usize = 0;
const TAPE_END: usize = 4;
const THREADS: usize = 8;
const FIRST_PIECE: usize = 12;
const DONE_BEFORE: usize = 16;
/** Odd while a run goes on; one more with each beginning and each end. */
const LIVE: usize = 64;
/** Whether a thread has failed. */
const FAILED: usize = 68;
/** How many pieces are done, in all runs. */
const DONE: usize = 128;
/** How many threads sleep until so many pieces are done. */
const SLEEPING: usize = 192;
const AWAITED: usize = 196;
/**
 * A thread's mailbox. A worker's says by a counter that there is a run to take part in, and whether it sleeps waiting
 * for that; negative, the counter ends it. Then the next of the thread's own pieces, in all runs.
 */
const MAILBOXES: usize = 256;
const RUN: usize = 0;
const ASLEEP: usize = 4;
const NEXT_PIECE: usize = 8;

/** Words before a call's arguments. */
const HEAD: usize = 16;

/**
 * How often a waiting thread looks before it sleeps: for about 50 µs, and a tenth of that where looking has been in
 * vain. Then other programs want the processors, and the sooner one is free, the sooner the system moves a thread that
 * waits for another one to it.
 */
const SPINS: i32 = 20000;
const FEW_SPINS: i32 = 2000;
/** Of this thread: each has an instance of the module. */
let spins: i32 = SPINS;

/**
 * Sleeps while the word at `p` is `old`: `Atomics.wait`, done by the host. (WebAssembly's own
 * `memory.atomic.wait32` clobbers a register in the baseline compiler of Node 20.)
 */
@external('env', 'sleep')
declare function sleep(p: usize, old: i32): void;

/** Computes piece `part` of `parts`; `thread` has scratch memory of its own. */
type Dispatch = (opcode: i32, args: usize, part: i32, parts: i32, thread: i32) => void;
let dispatch: Dispatch = (_opcode, _args, _part, _parts, _thread) => {};

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

/** Whether so many pieces are done. Counters may overflow: differences do not. */
function isDone(control: usize, count: i32): bool {
  return atomic.load<i32>(control + DONE) - count >= 0;
}

/** Waits until so many pieces are done. */
function awaitDone(control: usize, count: i32): void {
  for (let i = 0; i < spins && !isDone(control, count); i++) {}
  if (isDone(control, count)) {
    spins = min(SPINS, spins + (spins >> 3));
  } else {
    spins = max(FEW_SPINS, spins >> 2);
    atomic.store<i32>(control + AWAITED, count);
    atomic.add<i32>(control + SLEEPING, 1);
    // Looked at once: between two looks the last piece may be done, and nobody would end the sleep.
    let now = atomic.load<i32>(control + DONE);
    while (now - count < 0) {
      sleep(control + DONE, now);
      now = atomic.load<i32>(control + DONE);
    }
    atomic.sub<i32>(control + SLEEPING, 1);
  }
  if (atomic.load<i32>(control + FAILED) != 0) unreachable();
}

/** One more piece is done: who waits for it and no other wakes. */
function finishPiece(control: usize): void {
  const done = atomic.add<i32>(control + DONE, 1) + 1;
  if (atomic.load<i32>(control + SLEEPING) == 0) return;
  if (done - atomic.load<i32>(control + AWAITED) >= 0) atomic.notify(control + DONE, 1000);
}

function mailbox(control: usize, thread: i32): usize {
  return control + MAILBOXES + ((<usize>thread) << 6);
}

/** Walks the tape of run `live`, as one of several threads. `done` pieces of earlier runs, and later of earlier calls. */
function walk(control: usize, live: i32, thread: i32): void {
  let tape = <usize>atomic.load<u32>(control + TAPE);
  const end = <usize>atomic.load<u32>(control + TAPE_END);
  const threads = atomic.load<i32>(control + THREADS);
  let piece = atomic.load<i32>(control + FIRST_PIECE);
  let done = atomic.load<i32>(control + DONE_BEFORE);
  while (tape < end) {
    const opcode = atomic.load<i32>(tape);
    const words = atomic.load<u32>(tape, 4);
    const share = atomic.load<i32>(tape, 8);
    const waits = atomic.load<i32>(tape, 12);
    if (atomic.load<i32>(control + LIVE) != live) return;
    if (waits != 0) awaitDone(control, done);
    for (let i = 0; i < threads; i++) {
      const owner = thread + i < threads ? thread + i : thread + i - threads;
      const next = mailbox(control, owner) + NEXT_PIECE;
      while (true) {
        const taken = atomic.load<i32>(next);
        const part = taken - piece;
        if (part >= share) break;
        if (atomic.cmpxchg<i32>(next, taken, taken + 1) != taken) continue;
        dispatch(opcode, tape + HEAD, owner * share + part, threads * share, thread);
        finishPiece(control);
      }
    }
    piece += share;
    done += threads * share;
    tape += HEAD + ((<usize>words) << 2);
  }
  if (thread == 0) awaitDone(control, done);
}

/** The same alone: nothing is shared. */
function walkAlone(tape: usize, end: usize): void {
  for (; tape < end; tape += HEAD + ((<usize>int(tape, 1)) << 2)) dispatch(int(tape, 0), tape + HEAD, 0, 1, 0);
}

/** Computes one piece of the call at `tape`, alone: what a model of many cores asks for (bench/cores.ts). */
export function runPiece(tape: usize, part: i32, parts: i32): void {
  dispatch(int(tape, 0), tape + HEAD, part, parts, 0);
}

/** Runs a tape on `threads` (≤ 255) threads; the calling one is number 0. */
export function runAsCaller(control: usize, tape: usize, end: usize, threads: i32): void {
  if (threads == 1) {
    walkAlone(tape, end);
    return;
  }
  if (atomic.load<i32>(control + FAILED) != 0) unreachable();
  const piece = atomic.load<i32>(mailbox(control, 0) + NEXT_PIECE);
  atomic.store<u32>(control + TAPE, <u32>tape);
  atomic.store<u32>(control + TAPE_END, <u32>end);
  atomic.store<i32>(control + THREADS, threads);
  atomic.store<i32>(control + FIRST_PIECE, piece);
  atomic.store<i32>(control + DONE_BEFORE, atomic.load<i32>(control + DONE));
  for (let thread = 1; thread < threads; thread++) atomic.store<i32>(mailbox(control, thread) + NEXT_PIECE, piece);
  const live = atomic.add<i32>(control + LIVE, 1) + 1;
  for (let thread = 1; thread < threads; thread++) {
    const box = mailbox(control, thread);
    atomic.store<i32>(box + RUN, (load<i32>(box + RUN) + 1) & 0x7fffffff);
    if (atomic.load<i32>(box + ASLEEP) != 0) atomic.notify(box + RUN, 1);
  }
  walk(control, live, 0);
  atomic.add<i32>(control + LIVE, 1);
}

/** A worker's whole life: waits for runs and takes part in them until its counter turns negative. */
export function runAsWorker(control: usize, thread: i32): void {
  const box = mailbox(control, thread);
  let run = 0;
  while (true) {
    awaitChange(box + RUN, run, box + ASLEEP);
    run = atomic.load<i32>(box + RUN);
    if (run < 0) return;
    const live = atomic.load<i32>(control + LIVE);
    if (live & 1) walk(control, live, thread);
  }
}

/** Tells those who wait for pieces, now or later, that some will never be done: they fail, too. */
export function abandon(control: usize): void {
  if (atomic.xchg<i32>(control + FAILED, 1) != 0) return; // a second leap would be one backwards
  atomic.add<i32>(control + DONE, 1 << 30);
  atomic.notify(control + DONE, 1000);
}

/** Ends the workers with numbers below `threads`. */
export function dismiss(control: usize, threads: i32): void {
  for (let thread = 1; thread < threads; thread++) {
    const box = mailbox(control, thread);
    atomic.store<i32>(box + RUN, i32.MIN_VALUE);
    atomic.notify(box + RUN, 1);
  }
}
