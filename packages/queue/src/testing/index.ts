/** Real servers for the tests and measurements of this repository; nothing here runs in production. */
export { postgresServer, type QueueServer, redisServer } from './servers.ts';
