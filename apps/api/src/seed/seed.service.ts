import { createHash } from 'node:crypto';
import { SeedReveal } from '@claimbench/contracts';
import { newChain } from '@claimbench/experiments';
import { Injectable } from '@nestjs/common';
import type { Transaction } from '../event/event.log.ts';
import type { SeedChain } from '../prisma/generated/client.ts';
import { PrismaService } from '../prisma/prisma.service.ts';

/**
 * Secrets from which seeds are drawn (docs/method.md, "Seeds by commit and reveal"). They form a hash chain: each secret is the
 * hash of the next, so the one published commitment binds all that will be revealed. A chain is made before anything can be
 * registered against it, and a secret is revealed in the transaction that freezes a protocol.
 */
@Injectable()
export class SeedService {
  /** Secrets of the chains by index; a chain of 10,000 is hashed once, in some 10 ms. */
  readonly #secrets = new Map<number, string[]>();

  constructor(private readonly prisma: PrismaService) {}

  /** SHA-256 of the next secret: public before the registration that gets it. */
  async nextCommitment(): Promise<string> {
    const chain = await this.ensureChain();
    return sha256(this.#secret(chain, chain.next));
  }

  /** The chain that is in use; makes one when there is none, or the last one is used up. */
  async ensureChain(tx: Transaction | PrismaService = this.prisma): Promise<SeedChain> {
    const last = await tx.seedChain.findFirst({ orderBy: { offset: 'desc' } });
    if (last && last.next < last.length) return last;
    const offset = last ? last.offset + last.length : 0;
    // Another process may make it at the same time: the offset is unique, and the first one counts.
    await tx.seedChain.createMany({ data: { ...newChain(), offset }, skipDuplicates: true });
    return tx.seedChain.findUniqueOrThrow({ where: { offset } });
  }

  /** Reveals the next secret to a protocol that is frozen; nobody else ever gets it. */
  async reveal(tx: Transaction, experimentId: string, protocolHash: string): Promise<SeedReveal> {
    for (;;) {
      const { id } = await this.ensureChain(tx);
      const [chain] = await tx.$queryRaw<SeedChain[]>`
        update seed_chain set next = next + 1 where id = ${id}::int and next < length returning *`;
      // Used up by somebody else since it was read: the next chain.
      if (!chain) continue;
      const index = chain.next - 1;
      const secret = this.#secret(chain, index);
      const reveal = { index: chain.offset + index, commitment: sha256(secret), secret, protocolHash };
      await tx.seedReveal.create({ data: { ...reveal, experimentId } });
      return SeedReveal.parse(reveal);
    }
  }

  #secret(chain: SeedChain, index: number): string {
    let secrets = this.#secrets.get(chain.id);
    if (!secrets || secrets[chain.length - 1] !== chain.root) {
      secrets = [];
      let secret = chain.root;
      for (let i = chain.length - 1; i >= 0; i--) {
        secrets[i] = secret;
        secret = sha256(secret);
      }
      this.#secrets.set(chain.id, secrets);
    }
    const found = secrets[index];
    if (found === undefined) throw new RangeError(`chain ${chain.id} has ${chain.length} secrets; asked for ${index}`);
    return found;
  }
}

/** SHA-256 of the 32 bytes that the hexadecimal text stands for. */
function sha256(hex: string): string {
  return createHash('sha256').update(Buffer.from(hex, 'hex')).digest('hex');
}
