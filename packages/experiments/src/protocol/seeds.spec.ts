import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CHAIN_LENGTH, commitmentOf, newChain, secretAt, seedAt } from './seeds.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

describe('seeds by commit and reveal', () => {
  const root = '0123456789abcdef'.repeat(4);

  it('each secret is committed to by the one revealed before it', async () => {
    const length = 20;
    for (const index of [1, 7, 19]) {
      const secret = await secretAt(root, length, index);
      expect(await commitmentOf(secret)).toBe(await secretAt(root, length, index - 1));
    }
    expect(await secretAt(root, length, length - 1)).toBe(root);
  });

  it('anybody can recompute a seed: first four bytes of SHA-256(secret || hash || index)', async () => {
    const secret = 'ab'.repeat(32);
    const hash = 'cd'.repeat(32);
    const index = Buffer.alloc(4);
    index.writeUInt32BE(2_000_003);
    const digest = sha256(Buffer.concat([Buffer.from(secret, 'hex'), Buffer.from(hash, 'hex'), index]));
    expect(await seedAt(secret, hash, 2_000_003)).toBe(digest.readUInt32BE(0));
  });

  it('a new chain has a fresh root and refuses what lies outside it', async () => {
    const chain = newChain();
    expect(chain.root).toMatch(/^[0-9a-f]{64}$/);
    expect(chain.root).not.toBe(newChain().root);
    expect(chain.length).toBe(CHAIN_LENGTH);
    await expect(secretAt(root, 5, 5)).rejects.toThrow(/secrets 0 to 4; asked for 5/);
    await expect(seedAt('xyz', root, 0)).rejects.toThrow(/64 lower-case hexadecimal/);
  });
});
