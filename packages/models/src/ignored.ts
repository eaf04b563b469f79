/** A target that counts nowhere: no loss, no gradient, no share of a mean. */
export const IGNORED = -1;
