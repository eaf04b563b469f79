import { gatedReference } from '../gated_reference.ts';

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

export const gluReference = gatedReference('glu', sigmoid, (x) => sigmoid(x) * (1 - sigmoid(x)));
