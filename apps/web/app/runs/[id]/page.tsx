import type { Metadata } from 'next';
import { Suspense } from 'react';
import { RunPage } from '../../../src/runs/run-page.tsx';

interface Props {
  params: Promise<{ id: string }>;
}

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  return { title: `Run ${decodeURIComponent((await params).id).slice(0, 8)}` };
}

export default async function Page({ params }: Props) {
  return (
    <Suspense>
      <RunPage id={decodeURIComponent((await params).id)} />
    </Suspense>
  );
}
