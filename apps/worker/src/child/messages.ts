import { ArtifactRef, Failure, LogLine, Outcome, Point, type RunSpec } from '@claimbench/contracts';
import { z } from 'zod';

/** What the parent tells a child, once in the child's life. */
export interface Assignment {
  spec: RunSpec;
  dataPath: readonly string[];
  cacheFolder: string;
  /** Folder of this attempt alone, for its artifacts. It exists, and is removed after the attempt. */
  workFolder: string;
  /** Path of the base's checkpoint. */
  basePath: string | null;
  threads: number;
  /** File that outlives the attempt: what the run's next attempt goes on from. */
  savedTraining: string;
}

/** An artifact that the child wrote into its work folder. */
export const WrittenArtifact = ArtifactRef.extend({ path: z.string() });
export type WrittenArtifact = z.infer<typeof WrittenArtifact>;

/**
 * What a child tells its parent, checked on arrival: a child may send anything, and the API refuses what does not fit.
 * `ready`: the executor is loaded. `started`: the assignment has arrived and is being executed.
 */
export const ChildMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('unusable'), message: z.string() }),
  z.object({ type: z.literal('started') }),
  z.object({ type: z.literal('points'), points: z.array(Point) }),
  z.object({ type: z.literal('log'), level: LogLine.shape.level, message: z.string() }),
  z.object({ type: z.literal('progress'), share: z.number() }),
  z.object({
    type: z.literal('succeeded'),
    outcome: Outcome,
    artifacts: z.array(WrittenArtifact),
    /** Largest resident memory of the process in its life. */
    peakBytes: z.number(),
  }),
  z.object({ type: z.literal('failed'), failure: Failure }),
]);
export type ChildMessage = z.infer<typeof ChildMessage>;
