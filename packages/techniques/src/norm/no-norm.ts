import { z } from 'zod';
import { defineTechnique } from '../technique.ts';
import { replaceEveryNorm } from './replace-every-norm.ts';

export const noNorm = defineTechnique({
  id: 'no-norm',
  title: 'No norm',
  family: 'norm',
  seam: 'architecture',
  summary:
    'Every norm of the model is taken out and nothing is put in its place: the control that shows what norms do for training.',
  equation: 'y = x',
  papers: [],
  parameters: z.strictObject({}),
  grid: {},
  label: () => '',
  changeConfig: (config) => replaceEveryNorm('no-norm', config, { kind: 'none' }),
});
