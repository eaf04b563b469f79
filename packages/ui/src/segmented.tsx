'use client';
import { ToggleGroup } from 'radix-ui';
import type { ReactNode } from 'react';
import { cn } from './class-names.ts';

/** One of two to five choices, all visible. */
export function Segmented<T extends string>({
  value,
  onChange,
  options,
  label,
  className,
}: {
  value: T;
  onChange: (value: T) => void;
  options: readonly { value: T; label: ReactNode }[];
  label: string;
  className?: string;
}) {
  return (
    <ToggleGroup.Root
      type="single"
      value={value}
      aria-label={label}
      onValueChange={(next) => {
        // a click on the chosen one answers '' and changes nothing
        const option = options.find((o) => o.value === next);
        if (option) onChange(option.value);
      }}
      className={cn('inline-flex rounded-md border border-line-strong/60 bg-surface p-0.5', className)}
    >
      {options.map((option) => (
        <ToggleGroup.Item
          key={option.value}
          value={option.value}
          className="h-6 rounded-[3px] px-2 text-xs font-medium whitespace-nowrap text-ink-soft hover:text-ink data-[state=on]:bg-ink data-[state=on]:text-canvas"
        >
          {option.label}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  );
}
