import { ModelError } from '../model-error.ts';

/** SHA-256 as 64 lower-case hexadecimal digits, in Node and in the browser. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  return hexadecimal(new Uint8Array(await crypto.subtle.digest('SHA-256', Uint8Array.from(bytes))));
}

/** First 32 bits of SHA-256, as a share of all: uniform on [0, 1). */
export async function hashShare(text: string): Promise<number> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return new DataView(digest).getUint32(0) / 2 ** 32;
}

/** Throws `hash-mismatch`. */
export async function verifySha256(bytes: Uint8Array, expected: string, what: string): Promise<void> {
  const found = await sha256(bytes);
  if (found !== expected) {
    throw new ModelError('hash-mismatch', `${what} has SHA-256 ${found}, expected ${expected}: this is other data`);
  }
}

function hexadecimal(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
