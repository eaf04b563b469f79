import type { DataSetOption, SubjectOption } from '@claimbench/contracts';

/** What plans are made against: every subject and data set by name, with its hash. Read once, then plain data. */
export interface Resources {
  readonly subjects: readonly SubjectOption[];
  readonly dataSets: readonly DataSetOption[];
}
