import { ADD, ADD_INT, DIV, elementwise, MUL, MUL_INT, SUB } from '../shared/elementwise.wasm';

export function addFloats(args: usize, thread: i32, threads: i32): void {
  elementwise(ADD, args, thread, threads);
}

export function addIntegers(args: usize, thread: i32, threads: i32): void {
  elementwise(ADD_INT, args, thread, threads);
}

export function subtract(args: usize, thread: i32, threads: i32): void {
  elementwise(SUB, args, thread, threads);
}

export function multiply(args: usize, thread: i32, threads: i32): void {
  elementwise(MUL, args, thread, threads);
}

export function multiplyIntegers(args: usize, thread: i32, threads: i32): void {
  elementwise(MUL_INT, args, thread, threads);
}

export function divide(args: usize, thread: i32, threads: i32): void {
  elementwise(DIV, args, thread, threads);
}
