import { describe, expect, it } from 'vitest';
import { byteTokenizer } from '../tokenizers/byte-tokenizer.ts';
import { calibrationWindows } from './calibration-windows.ts';
import { tokenStream } from './token-stream.ts';

const stream = tokenStream(['a text that is long enough for windows', 'and another one'], byteTokenizer());

describe('calibration windows', () => {
  it('are pieces of the stream', () => {
    const { tokens, windows, time } = calibrationWindows(stream, 3, 5, 8);
    expect([windows, time, tokens.length]).toEqual([5, 8, 40]);
    const text = stream.tokens.join(' ');
    for (let window = 0; window < 5; window++) {
      expect(text).toContain(tokens.subarray(window * 8, window * 8 + 8).join(' '));
    }
  });

  it('follow the seed, and asking for more leaves the first as they are', () => {
    const few = calibrationWindows(stream, 3, 5, 8).tokens;
    expect(calibrationWindows(stream, 3, 9, 8).tokens.subarray(0, 40)).toEqual(few);
    expect(calibrationWindows(stream, 4, 5, 8).tokens).not.toEqual(few);
  });

  it('can be the whole stream, but not longer', () => {
    const all = stream.tokens.length;
    expect(calibrationWindows(stream, 0, 1, all).tokens).toEqual(stream.tokens);
    expect(() => calibrationWindows(stream, 0, 1, all + 1)).toThrow(`found ${all}`);
  });
});
