import { binaryReference } from '../elementwise_reference.ts';

export const addReference = binaryReference('add', (a, b) => a + b);
