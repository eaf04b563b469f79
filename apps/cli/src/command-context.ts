/** Where a command writes, and how it learns that it is to stop. */
export interface CommandContext {
  /** Results: standard output. */
  readonly out: (text: string) => void;
  /** Progress and errors: standard error. */
  readonly note: (text: string) => void;
  readonly signal: AbortSignal;
}
