import type { Metadata } from 'next';
import { Suspense } from 'react';
import { ClaimPage } from '../../../src/claims/claim-page.tsx';

interface Props {
  params: Promise<{ id: string }>;
}

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  return { title: `Claim ${decodeURIComponent((await params).id)}` };
}

export default async function Page({ params }: Props) {
  return (
    <Suspense>
      <ClaimPage id={decodeURIComponent((await params).id)} />
    </Suspense>
  );
}
