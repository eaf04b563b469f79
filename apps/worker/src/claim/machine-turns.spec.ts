import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MachineTurns } from './machine-turns.ts';

const never = new AbortController().signal;

/** What has come to its turn, in order, and the ends of the turns by name. */
function recorded(turns: MachineTurns) {
  const entered: string[] = [];
  const ends = new Map<string, () => void>();
  const ask = async (name: string, alone: boolean, signal: AbortSignal = never) => {
    const end = await turns.take(alone, signal);
    entered.push(name);
    ends.set(name, end);
  };
  return { entered, ask, end: (name: string) => ends.get(name)?.() };
}

/** Lets everything go on that can. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('turns on a machine', () => {
  it('are shared by runs, and had alone by one that is timed, in the order in which they were asked for', async () => {
    const { entered, ask, end } = recorded(new MachineTurns());
    for (const name of ['a', 'b']) void ask(name, false);
    void ask('timed', true);
    void ask('c', false);
    await settled();
    expect(entered).toEqual(['a', 'b']);
    end('a');
    await settled();
    expect(entered).toEqual(['a', 'b']);
    end('b');
    await settled();
    expect(entered).toEqual(['a', 'b', 'timed']);
    end('timed');
    end('timed');
    await settled();
    expect(entered).toEqual(['a', 'b', 'timed', 'c']);
  });

  it('are not waited for by who gives up, and whoever waits behind goes on', async () => {
    const { entered, ask, end } = recorded(new MachineTurns());
    void ask('a', false);
    const givesUp = new AbortController();
    const given = ask('timed', true, givesUp.signal);
    void ask('b', false);
    await settled();
    expect(entered).toEqual(['a']);
    givesUp.abort(new Error('cancelled'));
    await expect(given).rejects.toThrow('cancelled');
    await settled();
    expect(entered).toEqual(['a', 'b']);
    await expect(ask('late', true, givesUp.signal)).rejects.toThrow('cancelled');
    void ask('next', true);
    for (const name of ['a', 'b']) end(name);
    await settled();
    expect(entered).toEqual(['a', 'b', 'next']);
  });

  it('never lets a timed run compute beside another, and forget nobody', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 20 }), async (kinds) => {
        const turns = new MachineTurns();
        let computing = 0;
        let alone = 0;
        const run = async (timed: boolean) => {
          const end = await turns.take(timed, never);
          computing += 1;
          if (timed) alone += 1;
          expect(alone === 0 || computing === 1).toBe(true);
          await settled();
          computing -= 1;
          if (timed) alone -= 1;
          end();
        };
        await Promise.all(kinds.map(run));
        expect(computing).toBe(0);
      }),
    );
  });
});
