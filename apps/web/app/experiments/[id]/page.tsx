import type { Metadata } from 'next';
import { Suspense } from 'react';
import { ExperimentPage } from '../../../src/experiments/experiment-page.tsx';

interface Props {
  params: Promise<{ id: string }>;
}

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  return { title: `Experiment ${decodeURIComponent((await params).id).slice(0, 8)}` };
}

export default async function Page({ params }: Props) {
  return (
    <Suspense>
      <ExperimentPage id={decodeURIComponent((await params).id)} />
    </Suspense>
  );
}
