import { sha256Hex } from '@claimbench/contracts';

/**
 * Seeds by commit and reveal (docs/method.md, "Seeds"). The server draws a random root and hashes it `length - 1`
 * times; the last value is x_0. Secrets are revealed from x_0 on, each the hash of the next: one published commitment
 * SHA-256(x_0) binds all of them before any protocol is registered.
 */
export const CHAIN_LENGTH = 10_000;

/** Indices from which each use draws its seeds, so that no seed serves two of them. */
export const SEED_INDEX = { judged: 0, tuning: 1_000_000, other: 2_000_000, pilot: 3_000_000 } as const;

/** A new chain: `root` is 32 random bytes in hexadecimal and stays secret. */
export function newChain(): { root: string; length: number } {
  return { root: toHex(globalThis.crypto.getRandomValues(new Uint8Array(32))), length: CHAIN_LENGTH };
}

/** x_index of a chain: the root hashed `length - 1 - index` times. Throws RangeError outside 0 .. length - 1. */
export async function secretAt(root: string, length: number, index: number): Promise<string> {
  if (!Number.isInteger(index) || index < 0 || index >= length) {
    throw new RangeError(`the chain has secrets 0 to ${length - 1}; asked for ${index}`);
  }
  let secret = root;
  for (let step = length - 1; step > index; step--) secret = await sha256Hex(fromHex(secret));
  return secret;
}

/** c_k = SHA-256(x_k), published before anything is registered against k. */
export async function commitmentOf(secret: string): Promise<string> {
  return sha256Hex(fromHex(secret));
}

/** First 4 bytes (big-endian) of SHA-256(x_k || protocol hash || index as 4 big-endian bytes). */
export async function seedAt(secret: string, protocolHash: string, index: number): Promise<number> {
  const message = new Uint8Array(68);
  message.set(fromHex(secret), 0);
  message.set(fromHex(protocolHash), 32);
  new DataView(message.buffer).setUint32(64, index);
  return Number.parseInt((await sha256Hex(message)).slice(0, 8), 16);
}

function fromHex(text: string): Uint8Array {
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw new RangeError(`expected 64 lower-case hexadecimal digits, found ${text.length} characters`);
  }
  return Uint8Array.from({ length: 32 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

function toHex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
