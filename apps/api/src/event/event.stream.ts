import type { FastifyReply } from 'fastify';
import { type EventPosition, positionText } from './event.log.ts';
import type { EventService, Subscription } from './event.service.ts';

/** Proxies close what is silent; a comment line is no event. */
const HEARTBEAT_MS = 15_000;
/** A reader that is this far behind, in bytes, is let go: it comes back and resumes. */
const LONGEST_BACKLOG = 4 << 20;

/** Answers with server-sent events until the client goes or the API stops. */
export function streamEvents(
  events: EventService,
  subscription: { after: EventPosition; filter: Subscription['filter'] },
  reply: FastifyReply,
): void {
  reply.hijack();
  const socket = reply.raw;
  socket.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    connection: 'keep-alive',
    // nginx would collect the events and send them in lumps.
    'x-accel-buffering': 'no',
  });
  // Where the client resumes if it loses the connection before the first event: as an event of its own name, for a browser
  // hands a page no id that comes without data.
  const position = positionText(subscription.after);
  socket.write(`retry: 1000\nevent: position\nid: ${position}\ndata: ${position}\n\n`);

  const heartbeat = setInterval(() => socket.write(': still here\n\n'), HEARTBEAT_MS);
  const end = events.subscribe({
    ...subscription,
    deliver: (batch) => {
      socket.write(batch.map((e) => `id: ${positionText(e)}\ndata: ${JSON.stringify(e.event)}\n\n`).join(''));
      return socket.writableLength < LONGEST_BACKLOG;
    },
    ended: () => {
      clearInterval(heartbeat);
      socket.end();
    },
  });
  socket.on('close', end);
}
