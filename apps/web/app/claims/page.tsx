import type { Metadata } from 'next';
import { Suspense } from 'react';
import { ClaimList } from '../../src/claims/claim-list.tsx';

export const metadata: Metadata = { title: 'Claims' };

export default function Page() {
  return (
    <Suspense>
      <ClaimList />
    </Suspense>
  );
}
