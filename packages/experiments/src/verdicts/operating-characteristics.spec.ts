import { describe, expect, it } from 'vitest';
import {
  anytimeMisses,
  Draws,
  itemMisses,
  planRates,
  quantifierRates,
  speedRates,
  stabilityRates,
} from './simulation.testing.ts';

/** The short form of bench/operating-characteristics.ts: 4,000 draws a cell, so 2.5 % may come out as up to 3.5 %. */
const DRAWS = 4000;
const ALLOWED = 0.025 + 4 * Math.sqrt((0.025 * 0.975) / DRAWS);
const SD = 0.0051;

describe('the rules, fed with draws of a known truth', () => {
  const draws = new Draws(20_261);

  it.each([
    ['n = 3', { name: 'fixed', blocks: 3 }],
    ['n = 5', { name: 'fixed', blocks: 5 }],
    ['n = 8', { name: 'fixed', blocks: 8 }],
    ['standard', { name: 'standard' }],
    ['cheap', { name: 'cheap' }],
  ] as const)('speak no false word in more than one of forty, with the plan %s', (_name, plan) => {
    const at = (template: 'greater' | 'not-worse' | 'within', margin: number, truth: number, sd = SD) =>
      planRates(draws, DRAWS, { plan, template, margin, truth, sd });
    // False support: no effect; harm or difference as large as the margin.
    expect(at('greater', 0.005, 0).supported).toBeLessThanOrEqual(ALLOWED);
    expect(at('greater', 0, 0, 0.01).supported).toBeLessThanOrEqual(ALLOWED);
    expect(at('not-worse', 0.01, -0.01).supported).toBeLessThanOrEqual(ALLOWED);
    expect(at('within', 0.01, 0.01).supported).toBeLessThanOrEqual(ALLOWED);
    // False contradiction: what the claim says, just so.
    expect(at('greater', 0.005, 0.005).contradicted).toBeLessThanOrEqual(ALLOWED);
    expect(at('not-worse', 0.01, -0.01).contradicted).toBeLessThanOrEqual(ALLOWED);
    expect(at('within', 0.01, 0.01).contradicted).toBeLessThanOrEqual(ALLOWED);
  });

  it('find what is there: four margins in nearly all tries', () => {
    const found = planRates(draws, DRAWS, {
      plan: { name: 'standard' },
      template: 'greater',
      margin: 0.005,
      truth: 0.02,
      sd: SD,
    });
    expect(found.supported).toBeGreaterThan(0.97);
    expect(found.contradicted).toBe(0);
  });

  it('do so for several conditions too, where a level that is not divided would not', () => {
    const at = (quantifier: 'all' | 'any' | 'most', truths: number[]) =>
      quantifierRates(draws, DRAWS, { quantifier, margin: 0.005, truths, sd: SD });
    expect(at('all', [0.005, 0.005, 0.005]).contradicted).toBeLessThanOrEqual(ALLOWED);
    expect(at('all', [0, 0.05, 0.05]).supported).toBeLessThanOrEqual(ALLOWED);
    expect(at('any', [0, 0, 0]).supported).toBeLessThanOrEqual(ALLOWED);
    expect(at('any', [0.005, -0.05, -0.05]).contradicted).toBeLessThanOrEqual(ALLOWED);
    expect(at('most', [0, 0, 0.05]).supported).toBeLessThanOrEqual(ALLOWED);
    expect(at('most', [0.005, 0.005, -0.05]).contradicted).toBeLessThanOrEqual(ALLOWED);
  });

  it('do so for failure rates', () => {
    expect(stabilityRates(draws, DRAWS, { pairs: 24, baseline: 0.4, technique: 0.4 }).supported).toBeLessThanOrEqual(
      ALLOWED,
    );
    expect(stabilityRates(draws, DRAWS, { pairs: 24, baseline: 0.4, technique: 0.2 }).contradicted).toBeLessThanOrEqual(
      ALLOWED,
    );
    expect(stabilityRates(draws, DRAWS, { pairs: 24, baseline: 0.6, technique: 0.1 }).supported).toBeGreaterThan(0.9);
  });

  it('do so for speed, and refuse a machine that is too noisy to tell', () => {
    const at = (ratio: number, processSd: number) => speedRates(draws, DRAWS, { ratio, processSd, roundSd: 0.03 });
    expect(at(1, 0.01).supported).toBeLessThanOrEqual(ALLOWED);
    expect(at(1.02, 0.01).contradicted).toBeLessThanOrEqual(ALLOWED);
    expect(at(1.05, 0.002).supported).toBeGreaterThan(0.9);
    expect(at(1.05, 0.1).refused).toBeGreaterThan(0.9);
  });

  it('cover the truth where items dominate as where seeds do, and at every stopping time', () => {
    const at = (seedSd: number, itemSd: number) =>
      itemMisses(draws, 1500, { seeds: 5, items: 100, seedSd, itemSd, restSd: 0.05 });
    const allowed = 0.05 + 4 * Math.sqrt((0.05 * 0.95) / 1500);
    expect(at(0.004, 0.06)).toBeLessThanOrEqual(allowed);
    expect(at(0.01, 0)).toBeLessThanOrEqual(allowed);
    expect(anytimeMisses(draws, 300, 30)).toBeLessThanOrEqual(0.05 + 4 * Math.sqrt((0.05 * 0.95) / 300));
  });
});
