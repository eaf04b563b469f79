import { fullPlan, type LayerPlan, parallelInPlan, repeatInPlan } from '@claimbench/models';
import { z } from 'zod';
import { techniqueDraws } from '../draws.ts';
import { defineTechnique } from '../technique.ts';
import { doesNotFit } from '../technique-error.ts';

const WAYS = ['skip', 'repeat', 'reverse', 'shuffle', 'parallel', 'looped'] as const;

const TITLES: Readonly<Record<(typeof WAYS)[number], string>> = {
  skip: 'skipped',
  repeat: 'replaced by the middle one',
  reverse: 'in reverse',
  shuffle: 'in a random order',
  parallel: 'in parallel',
  looped: 'in parallel, looped',
};

export const painters = defineTechnique({
  id: 'painters',
  title: 'Middle layers in another way',
  family: 'layer-skipping',
  seam: 'inference',
  summary:
    'Runs a block of middle layers of a trained model in another way than it was trained: not at all, all replaced by the one in the middle, in ' +
    'reverse, in an order drawn from the seed, side by side on the same input with their results averaged, or that parallel block ' +
    'several times in a row. The first and the last layers stay as they are; nothing is retrained.',
  equation: String.raw`x_{b} = \frac{1}{b-a}\sum_{l=a}^{b-1} \bigl(x_a + f_l(x_a)\bigr)\ \text{(parallel)},\qquad x_b = f_{\pi(b-1)} \circ \dots \circ f_{\pi(a)}(x_a)\ \text{(another order)}`,
  papers: [268],
  parameters: z.strictObject({
    way: z
      .enum(WAYS)
      .default('reverse')
      .meta({
        title: 'How',
        description:
          'skip: left out; repeat: each replaced by the middle one; reverse, shuffle: another order; parallel: averaged; looped: the parallel block ' +
          'several times',
      }),
    count: z
      .number()
      .int()
      .min(1)
      .max(64)
      .default(2)
      .meta({ title: 'Layers', description: 'Middle layers that are changed' }),
    loops: z
      .number()
      .int()
      .min(1)
      .max(16)
      .default(3)
      .meta({ title: 'Loops', description: 'Rounds of the parallel block, for "looped"' }),
  }),
  grid: { way: [...WAYS], count: [1, 2, 3, 4, 6] },
  label: ({ way, count, loops }) => `${count} ${TITLES[way]}${way === 'looped' ? ` ${loops} times` : ''}`,
  planLayers(config, { way, count, loops }, { seed }) {
    if (count > config.layers - 2) {
      throw doesNotFit(
        'painters',
        `it changes ${count} middle layers and keeps the first and the last; the model has ${config.layers}`,
      );
    }
    const plan = fullPlan(config.layers);
    const start = Math.floor((config.layers - count) / 2);
    const end = start + count;
    const middle = plan.slice(start, end);
    const around = (inner: LayerPlan): LayerPlan => [...plan.slice(0, start), ...inner, ...plan.slice(end)];
    switch (way) {
      case 'skip':
        return around([]);
      case 'repeat':
        return around(middle.map(() => middle[Math.floor(count / 2)]!));
      case 'reverse':
        return around(middle.toReversed());
      case 'shuffle': {
        const drawn = techniqueDraws(seed, count, 'order');
        const order = middle.map((_, index) => index).sort((a, b) => drawn[a]! - drawn[b]!);
        return around(order.map((index) => middle[index]!));
      }
      case 'parallel':
        return parallelInPlan(plan, start, end, 'mean');
      case 'looped':
        return repeatInPlan(parallelInPlan(plan, start, end, 'mean'), start, start + 1, loops);
    }
  },
});
