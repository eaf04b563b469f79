'use client';
import { Button, buttonClass, ChoiceMenu, cn, Kbd } from '@claimbench/ui';
import { Monitor, Moon, Plus, Search, Sun } from 'lucide-react';
import Link from 'next/link';
import { usePathname } from 'next/navigation';
import { useEffect, useState } from 'react';
import { CommandPalette } from './command-palette.tsx';
import { SECTIONS } from './navigation.ts';
import { setTheme, type Theme, useTheme } from './theme.ts';

const THEME_ICONS: Record<Theme, typeof Sun> = { system: Monitor, light: Sun, dark: Moon };

export function AppHeader() {
  const path = usePathname();
  const theme = useTheme();
  const [palette, setPalette] = useState(false);
  const ThemeIcon = THEME_ICONS[theme];

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
        event.preventDefault();
        setPalette((open) => !open);
      }
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);

  return (
    <header className="sticky top-0 z-30 border-b border-line bg-canvas/92 backdrop-blur-sm">
      <div className="mx-auto flex max-w-[80rem] flex-wrap items-center gap-x-5 px-4 sm:px-6">
        <Link href="/" className="flex h-12 items-center gap-2 font-semibold tracking-[-0.012em] text-ink">
          <Mark /> Claimbench
        </Link>
        <nav
          aria-label="Sections"
          className="order-last -mx-4 flex w-[calc(100%+2rem)] gap-1 overflow-x-auto px-3 sm:-mx-0 sm:px-0 md:order-none md:w-auto"
        >
          {SECTIONS.map(({ href, title }) => {
            const here = path === href || path.startsWith(`${href}/`);
            return (
              <Link
                key={href}
                href={href}
                aria-current={here ? 'page' : undefined}
                className={cn(
                  'relative px-2 py-2 text-sm whitespace-nowrap text-ink-soft hover:text-ink md:py-3.5',
                  here &&
                    'font-medium text-ink after:absolute after:inset-x-2 after:bottom-0 after:h-0.5 after:bg-accent',
                )}
              >
                {title}
              </Link>
            );
          })}
        </nav>
        <div className="ml-auto flex items-center gap-1.5">
          <Button
            onClick={() => setPalette(true)}
            aria-keyshortcuts="Control+K Meta+K"
            className="text-ink-faint max-sm:size-8 max-sm:px-0"
          >
            <Search aria-hidden="true" size={14} />
            <span className="max-sm:sr-only">
              Search<span className="sr-only"> and commands</span>
            </span>
            <span aria-hidden="true" className="ml-3 hidden gap-0.5 sm:flex">
              <Kbd>Ctrl</Kbd>
              <Kbd>K</Kbd>
            </span>
          </Button>
          <ChoiceMenu
            label="Theme"
            value={theme}
            onChange={setTheme}
            options={[
              { value: 'system', label: 'As the system', icon: <Monitor aria-hidden="true" size={14} /> },
              { value: 'light', label: 'Light', icon: <Sun aria-hidden="true" size={14} /> },
              { value: 'dark', label: 'Dark', icon: <Moon aria-hidden="true" size={14} /> },
            ]}
            trigger={
              <Button variant="quiet" size="icon" aria-label={`Theme: ${theme}`}>
                <ThemeIcon aria-hidden="true" size={15} />
              </Button>
            }
          />
          <Link href="/experiments/new" className={buttonClass({ variant: 'primary' })}>
            <Plus aria-hidden="true" size={14} />
            <span className="max-sm:sr-only">New experiment</span>
          </Link>
        </div>
      </div>
      <CommandPalette open={palette} onOpenChange={setPalette} />
    </header>
  );
}

/** An estimate with its interval, clear of zero. */
function Mark() {
  return (
    <svg aria-hidden="true" viewBox="0 0 22 16" width="22" height="16" className="text-accent">
      <path d="M3 0v16" stroke="currentColor" strokeWidth="1.25" opacity="0.55" />
      <path d="M6 8h15.4M6 4.8v6.4M21.3 4.8v6.4" stroke="currentColor" strokeWidth="1.5" />
      <circle cx="13.6" cy="8" r="3.6" fill="currentColor" />
    </svg>
  );
}
