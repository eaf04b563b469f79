import { GeistMono } from 'geist/font/mono';
import { GeistSans } from 'geist/font/sans';
import type { Metadata, Viewport } from 'next';
import type { ReactNode } from 'react';
import { AppHeader } from '../src/shell/app-header.tsx';
import { Providers } from '../src/shell/providers.tsx';
import { THEME_SCRIPT } from '../src/shell/theme-script.ts';
import './globals.css';

export const metadata: Metadata = {
  title: { default: 'Claimbench', template: '%s · Claimbench' },
  description: 'What papers on efficient neural networks claim, re-run and measured, with a verdict and its evidence.',
};

export const viewport: Viewport = {
  width: 'device-width',
  initialScale: 1,
  themeColor: [
    { media: '(prefers-color-scheme: light)', color: '#f9f9f7' },
    { media: '(prefers-color-scheme: dark)', color: '#131519' },
  ],
};

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    // the theme script sets data-theme before React sees the element
    <html lang="en" className={`${GeistSans.variable} ${GeistMono.variable}`} suppressHydrationWarning>
      <head>
        {/* biome-ignore lint/security/noDangerouslySetInnerHtml: our own constant; it must run before the first paint */}
        <script dangerouslySetInnerHTML={{ __html: THEME_SCRIPT }} />
      </head>
      <body>
        <a
          href="#main"
          className="absolute top-2 left-2 z-50 -translate-y-20 rounded-md bg-accent px-3 py-1.5 text-sm text-accent-ink focus:translate-y-0"
        >
          Skip to the content
        </a>
        <Providers>
          <AppHeader />
          <main id="main" className="mx-auto w-full max-w-[80rem] px-4 pt-6 pb-16 sm:px-6">
            {children}
          </main>
        </Providers>
      </body>
    </html>
  );
}
