import type { Metadata } from 'next';
import { Suspense } from 'react';
import { PaperList } from '../../src/papers/paper-list.tsx';

export const metadata: Metadata = { title: 'Papers' };

export default function Page() {
  return (
    <Suspense>
      <PaperList />
    </Suspense>
  );
}
