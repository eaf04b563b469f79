export interface ComputeShare {
  /** Runs at once. */
  concurrency: number;
  /** Kernel threads of each of them. */
  threads: number;
}

/**
 * Divides the cores among the runs: as many runs at once as asked for (one a core when nothing was asked), each with an equal
 * whole number of threads. All threads together never exceed the cores, so `asked` beyond the cores is cut to them.
 */
export function computeShare(cores: number, asked: number | undefined): ComputeShare {
  const concurrency = Math.min(asked ?? cores, cores);
  return { concurrency, threads: Math.floor(cores / concurrency) };
}
