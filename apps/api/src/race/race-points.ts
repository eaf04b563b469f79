import { Injectable } from '@nestjs/common';

/**
 * Places where two processes can meet. Nothing happens here in production; a test holds one process at such a place until the
 * other has passed, so that a race is a story with an order instead of a matter of luck.
 */
export type RacePoint =
  /** The run was read as queued; its claim is not yet written. */
  | 'claim.read'
  /** The batch passed the fence; its points are not yet written. */
  | 'points.fenced'
  /** What comes after an experiment's stage is computed, not yet written. */
  | 'advance.computed'
  /** An experiment's runs are committed, not yet in the queue. */
  | 'submit.committed';

@Injectable()
export class RacePoints {
  async at(_point: RacePoint, _subject: string): Promise<void> {}
}
