'use client';
import { Button, ErrorState } from '@claimbench/ui';
import { useEffect } from 'react';

export default function PageError({ error, retry }: { error: unknown; retry: () => void }) {
  useEffect(() => console.error(error), [error]);
  return (
    <ErrorState
      title="This page could not be drawn"
      detail={error instanceof Error ? error.message : String(error)}
      action={<Button onClick={() => retry()}>Try again</Button>}
    />
  );
}
