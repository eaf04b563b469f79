import { z } from 'zod';

/** Number of calibration windows, the same field for every technique that looks at data. */
export const Windows = z.number().int().min(1).max(1024).default(64).meta({
  title: 'Calibration windows',
  description: 'Windows of training text, as long as the context, that it looks at',
});
