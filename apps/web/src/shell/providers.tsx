'use client';
import { TooltipProvider } from '@claimbench/ui';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { NuqsAdapter } from 'nuqs/adapters/next/app';
import { type ReactNode, useState } from 'react';
import { Toaster } from 'sonner';
import { ProblemError } from '../api/problem.ts';
import { useTheme } from './theme.ts';

/** Answers that will not change by asking again are not asked again. */
function retry(failures: number, error: Error): boolean {
  if (error instanceof ProblemError && error.status < 500) return false;
  return failures < 4;
}

export function Providers({ children }: { children: ReactNode }) {
  const [client] = useState(
    () => new QueryClient({ defaultOptions: { queries: { retry, staleTime: 5000 }, mutations: { retry: false } } }),
  );
  const theme = useTheme();
  return (
    <NuqsAdapter>
      <QueryClientProvider client={client}>
        <TooltipProvider delayDuration={250}>{children}</TooltipProvider>
        <Toaster
          theme={theme}
          position="bottom-right"
          toastOptions={{
            className: '!rounded-lg !border-line !bg-raised !text-ink !font-sans !text-sm',
            descriptionClassName: '!text-ink-soft',
          }}
        />
      </QueryClientProvider>
    </NuqsAdapter>
  );
}
