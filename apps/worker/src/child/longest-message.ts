/** Characters of a line of the log that a child sends. The schema that says so takes a tenth of a second to load, which every run would pay. */
export const LONGEST_MESSAGE = 4000;
