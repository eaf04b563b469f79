export { type ConsumeOptions, consumeRuns, type RunConsumer } from './consumer.ts';
export { openRunQueue, type RunQueue } from './producer.ts';
export type { RunAttempt } from './run-attempt.ts';
export { type QueueBackendName, type QueueSettings, queueBackend } from './server.ts';
