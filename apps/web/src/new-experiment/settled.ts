'use client';
import { useEffect, useState } from 'react';

/** `value` as it was when it had not changed for `ms`: what is typed is not sent letter by letter. */
export function useSettled<T>(value: T, ms: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}
