// A thread of the child beside the one that computes. It ends the process as soon as the parent is gone, even when the main
// thread is in the middle of a computation that never returns to its event loop, and tells the parent the resident memory.
import { Socket } from 'node:net';
import { GUARD_FD } from './guard-pipe.ts';

/** How often the resident memory is told, in milliseconds. */
const MEMORY_MS = 50;

const parent = new Socket({ fd: GUARD_FD, readable: true, writable: true });

/** The other end of the pipe is held by the parent alone: it closes when the parent ends, however it ended. */
function parentIsGone(): void {
  process.kill(process.pid, 'SIGKILL');
}
parent.once('end', parentIsGone);
parent.once('close', parentIsGone);
parent.on('error', parentIsGone);
parent.resume();

setInterval(() => {
  // A parent that is busy reads later; what it then reads should be new.
  if (parent.writableLength === 0) parent.write(`${process.memoryUsage.rss()}\n`);
}, MEMORY_MS);
