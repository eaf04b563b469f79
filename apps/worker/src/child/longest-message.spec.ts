import { LogLine } from '@claimbench/contracts';
import { expect, it } from 'vitest';
import { LONGEST_MESSAGE } from './longest-message.ts';

it('is what the schema of a line allows', () => {
  expect(LogLine.shape.message.maxLength).toBe(LONGEST_MESSAGE);
});
