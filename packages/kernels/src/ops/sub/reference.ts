import { binaryReference } from '../elementwise_reference.ts';

export const subReference = binaryReference('sub', (a, b) => a - b);
