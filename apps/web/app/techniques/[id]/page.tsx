import type { Metadata } from 'next';
import { Suspense } from 'react';
import { TechniquePage } from '../../../src/techniques/technique-page.tsx';

interface Props {
  params: Promise<{ id: string }>;
}

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  return { title: `Technique ${decodeURIComponent((await params).id)}` };
}

export default async function Page({ params }: Props) {
  return (
    <Suspense>
      <TechniquePage id={decodeURIComponent((await params).id)} />
    </Suspense>
  );
}
