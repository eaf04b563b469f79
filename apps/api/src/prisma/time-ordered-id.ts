import { randomFillSync } from 'node:crypto';

let lastTime = 0;
let counter = 0;

/**
 * A UUID of version 7: 48 bits of milliseconds, a 12-bit counter, 62 random bits. Ids of one process grow, so a list ordered by
 * id is in the order of making and a page can go on after an id.
 */
export function timeOrderedId(): string {
  const now = Date.now();
  if (now > lastTime) {
    lastTime = now;
    counter = 0;
  } else if (++counter > 0xfff) {
    // More than 4096 in a millisecond, or a clock that was set back: go on from the last time that was given out.
    lastTime++;
    counter = 0;
  }
  const bytes = randomFillSync(Buffer.alloc(16));
  bytes.writeUIntBE(lastTime, 0, 6);
  bytes.writeUInt16BE(0x7000 | counter, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
