import { describe, expect, it } from 'vitest';
import { canonicalJson } from './canonical-json.ts';
import { Arm } from './protocol.ts';

const arm = { id: 'half', label: 'Half of the tokens', role: 'technique', technique: { id: 'none', parameters: {} } };

describe('an arm', () => {
  it('may name a recipe as a subject of its own, and no checkpoint', () => {
    const subject = { kind: 'recipe', name: 'deep-half-llama' };
    expect(Arm.parse({ ...arm, subject }).subject).toEqual(subject);
    const refused = Arm.safeParse({ ...arm, subject: { kind: 'checkpoint', name: 'stories260K' } });
    expect(refused.error?.issues.map(({ path }) => path.join('.'))).toEqual(['subject.kind']);
  });

  it('without one is written as before there were any, so that the hashes of protocols stay', () => {
    const { id, label, role, technique } = arm;
    expect(canonicalJson(Arm.parse(arm))).toBe(
      canonicalJson({ id, label, role, technique, seeds: 'shared', learningRate: null }),
    );
  });
});
