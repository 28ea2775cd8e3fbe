import { NanobardError } from '../../errors.ts';
import type { GpuBank } from '../../ops/shared/webgpu.ts';
import { ALIGNMENT } from '../../program/plan-memory.ts';

/** What so many bytes take in a bank; nothing takes room as well, so that each place is one of its own. */
const roomOf = (bytes: number) => Math.max(1, Math.ceil(bytes / ALIGNMENT)) * ALIGNMENT;

/** A stretch of memory that is being filled from its front. It becomes one buffer. */
export class Bank implements GpuBank {
  bytes = 0;

  /** Where the next so many bytes begin. */
  allocate(bytes: number): number {
    const offset = this.bytes;
    this.bytes += roomOf(bytes);
    return offset;
  }
}

export interface Place {
  readonly bank: Bank;
  /** In bytes. */
  readonly offset: number;
}

/** As many banks as it takes to hold what is allocated, none larger than `limit`, a multiple of ALIGNMENT. */
export class Banks {
  readonly all: Bank[] = [];
  private readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  get bytes(): number {
    return this.all.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** @throws {NanobardError} code `memory` if no bank is large enough for `what`. */
  allocate(bytes: number, what: string): Place {
    requireFits(bytes, this.limit, what);
    let bank = this.all.at(-1);
    if (!bank || bank.bytes + roomOf(bytes) > this.limit) {
      bank = new Bank();
      this.all.push(bank);
    }
    return { bank, offset: bank.allocate(bytes) };
  }
}

/** Fails with code `memory` unless a buffer of the adapter can hold so many bytes. */
export function requireFits(bytes: number, limit: number, what: string): void {
  if (bytes <= limit) return;
  const [needs, holds] = [bytes, limit].map((n) => `${Math.ceil(n / 2 ** 20).toLocaleString('en')} MB`);
  throw new NanobardError(
    'memory',
    `${what} needs ${needs} in one piece, but a buffer of this GPU holds ${holds}`,
    {
      hint: 'Use a smaller batch size with gradient accumulation, a smaller block size, vocabulary or model.',
      options: ['batchSize'],
    },
  );
}
