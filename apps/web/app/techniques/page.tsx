import type { Metadata } from 'next';
import { Suspense } from 'react';
import { TechniqueList } from '../../src/techniques/technique-list.tsx';

export const metadata: Metadata = { title: 'Techniques' };

export default function Page() {
  return (
    <Suspense>
      <TechniqueList />
    </Suspense>
  );
}
