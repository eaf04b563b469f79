import type { Metadata } from 'next';
import { Suspense } from 'react';
import { ExperimentList } from '../../src/experiments/experiment-list.tsx';

export const metadata: Metadata = { title: 'Experiments' };

export default function Page() {
  return (
    <Suspense>
      <ExperimentList />
    </Suspense>
  );
}
