import { ModelError } from '../model-error.ts';

/** Reads UTF-8 and nothing else. Throws `invalid-text-encoding` with the offset of the first byte that is none. */
export function decodeUtf8(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    const offset = firstInvalidByte(bytes);
    const found = bytes[offset] === undefined ? 'the end' : `0x${bytes[offset].toString(16).padStart(2, '0')}`;
    throw new ModelError(
      'invalid-text-encoding',
      `${what} is not UTF-8: invalid sequence at byte ${offset} (${found}); convert the text to UTF-8`,
      { cause },
    );
  }
}

/** Offset of the first byte of the first sequence that is not well-formed UTF-8 (Unicode 16, table 3-7). */
function firstInvalidByte(bytes: Uint8Array): number {
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    if (length === 0) return at;
    at += length;
  }
  return bytes.length;
}

function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!;
  if (lead < 0x80) return 1;
  const length =
    lead >= 0xc2 && lead <= 0xdf ? 2 : lead >= 0xe0 && lead <= 0xef ? 3 : lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
  const lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  for (let index = 1; index < length; index++) {
    const byte = bytes[at + index];
    if (byte === undefined || byte < (index === 1 ? lowest : 0x80) || byte > (index === 1 ? highest : 0xbf)) return 0;
  }
  return length;
}
