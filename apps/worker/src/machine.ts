import { arch, availableParallelism, cpus, hostname, platform, release, totalmem } from 'node:os';

/** What every attempt records about where it ran. */
export function describeMachine(): Record<string, string | number> {
  return {
    host: hostname(),
    platform: platform(),
    release: release(),
    architecture: arch(),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    node: process.version,
  };
}

/** One name for each worker process: the container's or machine's name and the process id. */
export function workerName(): string {
  return `${hostname()}-${process.pid}`;
}
