import type { Metadata } from 'next';
import { Suspense } from 'react';
import { NewExperimentPage } from '../../../src/new-experiment/experiment-form-page.tsx';

export const metadata: Metadata = { title: 'New experiment' };

export default function Page() {
  return (
    <Suspense>
      <NewExperimentPage />
    </Suspense>
  );
}
