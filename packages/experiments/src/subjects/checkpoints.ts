/** What is known of published checkpoints besides their file: the registry of data has name and hash. */
export interface PublishedCheckpoint {
  readonly name: string;
  readonly description: string;
  readonly parameters: number;
  /** Data that belongs to it. */
  readonly data: readonly string[];
}

export const CHECKPOINTS: readonly PublishedCheckpoint[] = [
  {
    name: 'stories260K',
    description:
      'A trained Llama of 5 layers, d64, grouped queries and 512 tokens that tells short stories; published loss 1.297 nats per token.',
    parameters: 260_032,
    data: ['tinystories-validation'],
  },
];
