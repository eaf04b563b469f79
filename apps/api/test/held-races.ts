import { type RacePoint, RacePoints } from '../src/race/race-points.ts';

interface Hold {
  /** Resolves with the subjects that have arrived when there are `count` of them. */
  arrived(count: number): Promise<string[]>;
  /** Lets all pass, those that come later too. */
  release(): void;
}

/** Holds whoever comes to a named point until the story goes on. */
export class HeldRaces extends RacePoints {
  readonly #held = new Map<
    RacePoint,
    { subjects: string[]; arrivals: (() => void)[]; gate: PromiseWithResolvers<void> }
  >();

  override async at(point: RacePoint, subject: string): Promise<void> {
    const held = this.#held.get(point);
    if (!held) return;
    held.subjects.push(subject);
    for (const arrival of held.arrivals) arrival();
    await held.gate.promise;
  }

  hold(point: RacePoint): Hold {
    const held = { subjects: [] as string[], arrivals: [] as (() => void)[], gate: Promise.withResolvers<void>() };
    this.#held.set(point, held);
    return {
      arrived: (count) =>
        new Promise((resolve) => {
          const look = () => held.subjects.length >= count && resolve(held.subjects);
          held.arrivals.push(look);
          look();
        }),
      release: () => {
        this.#held.delete(point);
        held.gate.resolve();
      },
    };
  }
}
