import { unaryReference } from '../elementwise_reference.ts';

export const expReference = unaryReference('exp', 'y', Math.exp, (y) => y);
