// A link between two network namespaces, with a rate and a delay: Linux has netem for it, where its kernel does. Packets
// of one host's tap device go to the other's when the link would have brought them. As root:
//
//     tsx bench/link.ts nb1 nb2 [--gigabits 1] [--milliseconds 0.1]
//
// makes a device of each namespace's name in it; the delay is that of one way. Says `ready`, and runs until it is killed.
import { execFileSync } from 'node:child_process';
import { constants, openSync } from 'node:fs';
import { parseArgs } from 'node:util';
import koffi from 'koffi';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    gigabits: { type: 'string', default: '1' },
    milliseconds: { type: 'string', default: '0.1' },
  },
});
const nanosecondsPerByte = 8 / Number(values.gigabits);
const delay = 1e6 * Number(values.milliseconds);
/** A sender that is so much faster than the link loses packets. */
const longestQueue = 100e6;

const c = koffi.load('libc.so.6');
const ioctl = c.func('int ioctl(int, unsigned long, void *)');
const ioctlOfNumber = c.func('ioctl', 'int', ['int', 'unsigned long', 'unsigned long']);
const ppoll = c.func('int ppoll(void *, unsigned long, void *, void *)');
const read = c.func('intptr_t read(int, void *, size_t)');
const write = c.func('intptr_t write(int, void *, size_t)');

// linux/if_tun.h
const TUNSETIFF = 0x400454ca;
const TUNSETOFFLOAD = 0x400454d0;
const TAP_WITHOUT_INFORMATION_WITH_OFFLOADS = 0x0002 | 0x1000 | 0x4000;
const CHECKSUMS_AND_TCP_IN_LARGE_PIECES = 1 | 2 | 4;

/** A tap device in a namespace: its file here. */
function openTap(namespace: string): number {
  const file = openSync('/dev/net/tun', constants.O_RDWR | constants.O_NONBLOCK);
  const request = Buffer.alloc(40);
  request.write(namespace);
  request.writeUInt16LE(TAP_WITHOUT_INFORMATION_WITH_OFFLOADS, 16);
  if (ioctl(file, TUNSETIFF, request) < 0) throw new Error(`no tap device ${namespace}`);
  if (ioctlOfNumber(file, TUNSETOFFLOAD, CHECKSUMS_AND_TCP_IN_LARGE_PIECES) < 0)
    throw new Error(`the tap device ${namespace} takes no large packets`);
  execFileSync('ip', ['link', 'set', namespace, 'netns', namespace]);
  return file;
}

interface Packet {
  /** When it has come to the other end. */
  readonly at: number;
  readonly bytes: Buffer;
}

const files = positionals.map(openTap);
const directions = files.map((from, i) => ({ from, to: files[1 - i]!, queue: [] as Packet[], busyUntil: 0 }));
const now = (): number => Number(process.hrtime.bigint());
const buffer = Buffer.alloc(2 ** 17);
const polled = Buffer.alloc(8 * files.length);
for (const [i, file] of files.entries()) {
  polled.writeInt32LE(file, 8 * i);
  polled.writeInt16LE(1, 8 * i + 4); // POLLIN
}
const timeout = Buffer.alloc(16);

console.log('ready');
for (;;) {
  const next = Math.min(...directions.map(({ queue }) => queue[0]?.at ?? Number.POSITIVE_INFINITY));
  const wait = Math.max(0, Math.min(1e9 - 1, next - now()));
  timeout.writeBigInt64LE(BigInt(Math.floor(wait)), 8);
  ppoll(polled, files.length, timeout, null);
  for (const direction of directions) {
    for (;;) {
      const n = read(direction.from, buffer, buffer.length);
      if (n <= 0) break;
      const begin = Math.max(now(), direction.busyUntil);
      if (begin - now() > longestQueue) continue;
      direction.busyUntil = begin + n * nanosecondsPerByte;
      direction.queue.push({ at: direction.busyUntil + delay, bytes: Buffer.from(buffer.subarray(0, n)) });
    }
    while (direction.queue.length > 0 && direction.queue[0]!.at <= now()) {
      const { bytes } = direction.queue.shift()!;
      write(direction.to, bytes, bytes.length);
    }
  }
}
