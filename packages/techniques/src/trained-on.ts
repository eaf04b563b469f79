import { z } from 'zod';

/** Fields of techniques that train a trained model on: for how many tokens, said of what, and how fast. */
export function tokensField(sentence: string, tokens: number) {
  return z.number().int().min(1).max(10_000_000).default(tokens).meta({ title: 'Tokens', description: sentence });
}

export function rateField(learningRate: number) {
  return z.number().positive().max(1).default(learningRate).meta({
    title: 'Rate',
    description: 'Learning rate of that training, after a rise over its first tenth',
  });
}
