'use client';
import { useSyncExternalStore } from 'react';

const DAY = 86_400_000;

/** "just now", "4 min ago", "3 h ago", then the date. */
export function ago(then: number, now: number): string {
  const seconds = Math.max(0, (now - then) / 1000);
  if (seconds < 45) return 'just now';
  if (seconds < 3600) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h ago`;
  if (seconds < 7 * 86_400) return `${Math.round(seconds / 86_400)} d ago`;
  return new Date(then).toISOString().slice(0, 10);
}

/** "2026-03-04 15:09:26" in the reader's own time. */
export function clock(iso: string): string {
  const at = new Date(iso);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** The time now, in steps of `every` milliseconds; components that use it are drawn again with each step. */
export function useNow(every: number): number {
  return useSyncExternalStore(
    (changed) => {
      const timer = setInterval(changed, every);
      return () => clearInterval(timer);
    },
    () => Math.floor(Date.now() / every) * every,
    () => 0,
  );
}

/** A moment, relative to now; the exact one in the title. */
export function Ago({ at }: { at: string }) {
  const now = useNow(15_000);
  const then = Date.parse(at);
  return (
    <time dateTime={at} title={clock(at)} className="whitespace-nowrap">
      {now === 0 || now - then < -DAY ? clock(at) : ago(then, now)}
    </time>
  );
}
