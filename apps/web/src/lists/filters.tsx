'use client';
import { Button, cn, Kbd, Select, TextInput } from '@claimbench/ui';
import { Search, X } from 'lucide-react';
import { type ReactNode, useEffect, useRef } from 'react';

/** The search field of a list; `/` brings the cursor here. */
export function SearchField({
  value,
  onChange,
  label,
  className,
}: {
  value: string;
  onChange: (value: string) => void;
  label: string;
  className?: string;
}) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const target = event.target;
      const typing =
        target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      input.current?.focus();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
  return (
    <div className={cn('relative min-w-0', className)}>
      <Search
        aria-hidden="true"
        size={14}
        className="pointer-events-none absolute top-1/2 left-2.5 -translate-y-1/2 text-ink-faint"
      />
      <TextInput
        ref={input}
        type="search"
        value={value}
        onChange={(event) => onChange(event.target.value)}
        aria-label={label}
        aria-keyshortcuts="/"
        placeholder={label}
        className="pr-8 pl-8 [&::-webkit-search-cancel-button]:hidden"
      />
      <span aria-hidden="true" className="absolute top-1/2 right-2 -translate-y-1/2 max-sm:hidden">
        {value === '' ? <Kbd>/</Kbd> : null}
      </span>
      {value !== '' ? (
        <button
          type="button"
          aria-label="Clear the search"
          onClick={() => {
            onChange('');
            input.current?.focus();
          }}
          className="absolute top-1/2 right-1.5 flex size-6 -translate-y-1/2 items-center justify-center rounded-sm text-ink-faint hover:text-ink"
        >
          <X aria-hidden="true" size={13} />
        </button>
      ) : null}
    </div>
  );
}

/** One filter of a list: a few values, or all. */
export function FilterSelect<T extends string>({
  label,
  value,
  onChange,
  options,
}: {
  label: string;
  value: T | null;
  onChange: (value: T | null) => void;
  options: readonly { value: T; label: string }[];
}) {
  return (
    <Select
      aria-label={label}
      value={value ?? ''}
      onChange={(event) => onChange(options.find((option) => option.value === event.target.value)?.value ?? null)}
      className={cn('min-w-0', value !== null && '[&_select]:border-accent [&_select]:font-medium')}
    >
      <option value="">{label}: all</option>
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </Select>
  );
}

/** The row of filters over a list. */
export function FilterBar({ children, onClear }: { children: ReactNode; onClear: (() => void) | null }) {
  return (
    <search className="mb-4 grid grid-cols-2 items-center gap-2 sm:flex sm:flex-wrap [&>*:first-child]:col-span-2 sm:[&>*:first-child]:w-72 sm:[&>span]:w-auto">
      {children}
      {onClear ? (
        <Button variant="quiet" size="small" onClick={onClear} className="justify-self-start">
          Clear filters
        </Button>
      ) : null}
    </search>
  );
}
