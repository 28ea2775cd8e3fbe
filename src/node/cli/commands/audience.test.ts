import { describe, expect, it } from 'vitest';
import type { Display } from '../display/display.ts';
import { type TestIo, testIo } from '../testing/test-io.ts';
import { Audience } from './audience.ts';

const terminal = { columns: 80, rows: 24 };
const event = { type: 'sample', step: 1, text: '' } as const;

/** An audience whose display writes down what it is told. */
function watched(io: TestIo, training = true): { audience: Audience; told: string[] } {
  const told: string[] = [];
  const display: Display = {
    show: ({ type }) => told.push(type),
    stopping: () => told.push('stopping'),
    close: () => told.push('close'),
  };
  const audience = new Audience(io);
  if (training) audience.watch(display);
  return { audience, told };
}

const failure = (code: string): Error => Object.assign(new Error(`write ${code}`), { code });

describe('Audience', () => {
  it.each(['SIGINT', 'SIGTERM'])('stops at %s, and quits at the second', (signal) => {
    const io = testIo();
    const { audience, told } = watched(io);
    io.signals.emit(signal);
    expect([audience.signal.aborted, io.exits, told]).toEqual([true, [], ['stopping']]);
    io.signals.emit('SIGTERM');
    expect([io.exits, told]).toEqual([[130], ['stopping', 'close']]);
  });

  it('quits at once while there is nothing to save', () => {
    for (const signal of ['SIGINT', 'SIGHUP']) {
      const io = testIo({ terminal });
      watched(io, false);
      io.signals.emit(signal);
      expect(io.exits).toEqual([130]);
    }
  });

  it('stops, and shows nothing more, when its terminal is closed, however often it is told', () => {
    const io = testIo({ terminal });
    const { audience, told } = watched(io);
    for (let i = 0; i < 3; i++) io.signals.emit('SIGHUP');
    io.stdout.emit('error', failure('EIO'));
    audience.show(event);
    audience.close();
    expect([audience.signal.aborted, io.exits, told]).toEqual([true, [], []]);
    expect(audience.gone).toBe('the terminal was closed');
  });

  it('outlives the terminal where its output is a file or a pipe', () => {
    const io = testIo();
    const { audience, told } = watched(io);
    io.signals.emit('SIGHUP');
    audience.show(event);
    expect([audience.signal.aborted, io.exits, told]).toEqual([false, [], ['sample']]);
  });

  it.each([
    ['EPIPE', true],
    ['EIO', true],
    ['ENOSPC', false],
  ])('at %s shows nothing more; stops: %s', (code, stops) => {
    const io = testIo();
    const { audience, told } = watched(io);
    io.stdout.emit('error', failure(code));
    audience.show(event);
    audience.close();
    expect([audience.signal.aborted, io.exits, told]).toEqual([stops, [], []]);
    expect(audience.gone).toBe(`standard output: write ${code}`);
  });

  it('listens no more when it is closed', () => {
    const io = testIo();
    const { audience } = watched(io);
    audience.close();
    expect(io.signals.eventNames()).toEqual([]);
    expect(io.stdout.eventNames()).toEqual([]);
  });
});
