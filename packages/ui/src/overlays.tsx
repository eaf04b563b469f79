'use client';
import { X } from 'lucide-react';
import { Dialog as RadixDialog, DropdownMenu as RadixMenu, Tooltip as RadixTooltip } from 'radix-ui';
import type { ReactNode } from 'react';
import { Button } from './button.tsx';
import { cn } from './class-names.ts';

export const TooltipProvider = RadixTooltip.Provider;

/** A short remark on hover and on focus; `children` must be focusable. */
export function Tooltip({ text, children }: { text: ReactNode; children: ReactNode }) {
  return (
    <RadixTooltip.Root>
      <RadixTooltip.Trigger asChild>{children}</RadixTooltip.Trigger>
      <RadixTooltip.Portal>
        <RadixTooltip.Content
          sideOffset={6}
          collisionPadding={8}
          className="z-50 max-w-80 rounded-md bg-ink px-2.5 py-1.5 text-xs text-canvas"
        >
          {text}
        </RadixTooltip.Content>
      </RadixTooltip.Portal>
    </RadixTooltip.Root>
  );
}

export function Dialog({
  open,
  onOpenChange,
  title,
  description,
  children,
  className,
  bare = false,
}: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  description?: ReactNode;
  children: ReactNode;
  className?: string;
  /** true: title for screen readers only, no padding (command palette). */
  bare?: boolean;
}) {
  return (
    <RadixDialog.Root open={open} onOpenChange={onOpenChange}>
      <RadixDialog.Portal>
        <RadixDialog.Overlay className="fixed inset-0 z-40 bg-black/45" />
        <RadixDialog.Content
          {...(description ? {} : { 'aria-describedby': undefined })}
          className={cn(
            'fixed top-[12vh] left-1/2 z-50 max-h-[80vh] w-[calc(100vw-2rem)] max-w-lg -translate-x-1/2 overflow-auto rounded-lg bg-raised shadow-overlay outline-none',
            !bare && 'p-5',
            className,
          )}
        >
          <RadixDialog.Title className={bare ? 'sr-only' : 'pr-8 text-lg font-semibold text-ink'}>
            {title}
          </RadixDialog.Title>
          {description ? (
            <RadixDialog.Description className={bare ? 'sr-only' : 'mt-1 text-base text-ink-soft'} asChild>
              <div>{description}</div>
            </RadixDialog.Description>
          ) : null}
          {children}
          {bare ? null : (
            <RadixDialog.Close asChild>
              <Button variant="quiet" size="icon" aria-label="Close" className="absolute top-3 right-3">
                <X aria-hidden="true" size={16} />
              </Button>
            </RadixDialog.Close>
          )}
        </RadixDialog.Content>
      </RadixDialog.Portal>
    </RadixDialog.Root>
  );
}

/** One of a few choices behind a button. */
export function ChoiceMenu<T extends string>({
  trigger,
  value,
  onChange,
  options,
  label,
}: {
  trigger: ReactNode;
  value: T;
  onChange: (value: T) => void;
  options: readonly { value: T; label: string; icon?: ReactNode }[];
  label: string;
}) {
  return (
    <RadixMenu.Root>
      <RadixMenu.Trigger asChild>{trigger}</RadixMenu.Trigger>
      <RadixMenu.Portal>
        <RadixMenu.Content
          align="end"
          sideOffset={6}
          className="z-50 min-w-40 rounded-lg bg-raised p-1 text-sm text-ink shadow-overlay"
        >
          <RadixMenu.Label className="px-2 py-1 text-xs text-ink-faint">{label}</RadixMenu.Label>
          <RadixMenu.RadioGroup
            value={value}
            onValueChange={(next) => {
              const option = options.find((o) => o.value === next);
              if (option) onChange(option.value);
            }}
          >
            {options.map((option) => (
              <RadixMenu.RadioItem
                key={option.value}
                value={option.value}
                className="flex cursor-default items-center gap-2 rounded-md px-2 py-1.5 outline-none data-highlighted:bg-accent-soft data-[state=checked]:font-medium data-[state=checked]:text-accent"
              >
                {option.icon}
                {option.label}
              </RadixMenu.RadioItem>
            ))}
          </RadixMenu.RadioGroup>
        </RadixMenu.Content>
      </RadixMenu.Portal>
    </RadixMenu.Root>
  );
}
