import { sha256 as digestOf } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { ModelError } from '../model-error.ts';

/** SHA-256 as 64 lower-case hexadecimal digits, in Node and in the browser. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  // The platform's own is quickest with much at once.
  return bytesToHex(new Uint8Array(await crypto.subtle.digest('SHA-256', Uint8Array.from(bytes))));
}

/**
 * First 32 bits of SHA-256, as a share of all: uniform on [0, 1). At once, since thousands of documents each waiting for the platform's
 * digest cost ten times what their hashes do.
 */
export function hashShare(text: string): number {
  const digest = digestOf(utf8ToBytes(text));
  return new DataView(digest.buffer, digest.byteOffset).getUint32(0) / 2 ** 32;
}

/** Throws `hash-mismatch`. */
export async function verifySha256(bytes: Uint8Array, expected: string, what: string): Promise<void> {
  const found = await sha256(bytes);
  if (found !== expected) {
    throw new ModelError('hash-mismatch', `${what} has SHA-256 ${found}, expected ${expected}: this is other data`);
  }
}
