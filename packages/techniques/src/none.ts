import { fullPlan } from '@claimbench/models';
import { z } from 'zod';
import { defineTechnique } from './technique.ts';

export const none = defineTechnique({
  id: 'none',
  title: 'No technique',
  family: 'none',
  seam: 'inference',
  summary: 'The subject as it is: baselines and trained bases.',
  equation: null,
  papers: [],
  parameters: z.strictObject({}),
  grid: {},
  label: () => '',
  planLayers: (config) => fullPlan(config.layers),
  encoders: true,
  perceptron: 'unchanged',
});
