'use client';
import { useSyncExternalStore } from 'react';

const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'claimbench.theme';

const isTheme = (text: string | null): text is Theme => THEMES.some((theme) => theme === text);

/** Storage may be forbidden (private windows): then the choice lives as long as the page. */
function stored(): Theme {
  try {
    const text = localStorage.getItem(KEY);
    return isTheme(text) ? text : 'system';
  } catch {
    return 'system';
  }
}

const listeners = new Set<() => void>();
let chosen: Theme | null = null;

export function setTheme(theme: Theme): void {
  chosen = theme;
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // the page keeps the choice; the next one starts with the system's
  }
  for (const listener of listeners) listener();
}

/** The reader's choice; `system` follows the operating system. */
export function useTheme(): Theme {
  return useSyncExternalStore(
    (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    () => chosen ?? stored(),
    () => 'system',
  );
}
