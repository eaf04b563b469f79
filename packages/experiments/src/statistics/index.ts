export * from './anytime.ts';
export * from './interval.ts';
export * from './moments.ts';
export * from './normal.ts';
export * from './proportions.ts';
export * from './special.ts';
export * from './student-t.ts';
export * from './trend.ts';
