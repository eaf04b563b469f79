'use client';
import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Button } from './button.tsx';
import { cn } from './class-names.ts';
import { ScrollRegion } from './table.tsx';

/** Copies `text`; says so for two seconds, or says that the browser refused. */
export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }) {
  const [state, setState] = useState<'idle' | 'copied' | 'refused'>('idle');
  useEffect(() => {
    if (state === 'idle') return;
    const timer = setTimeout(() => setState('idle'), 2000);
    return () => clearTimeout(timer);
  }, [state]);
  return (
    <Button
      size="small"
      variant="quiet"
      onClick={() => {
        navigator.clipboard.writeText(text).then(
          () => setState('copied'),
          () => setState('refused'),
        );
      }}
    >
      {state === 'copied' ? <Check aria-hidden="true" size={13} /> : <Copy aria-hidden="true" size={13} />}
      <span aria-live="polite">{state === 'copied' ? 'Copied' : state === 'refused' ? 'Not allowed' : label}</span>
    </Button>
  );
}

/** Text as it is, in a frame that scrolls, with a button that copies it. */
export function CodeBlock({ text, label, className }: { text: string; label: string; className?: string }) {
  return (
    <div className={cn('overflow-hidden rounded-lg border border-line bg-sunken', className)}>
      <div className="flex items-center justify-between border-b border-line py-1 pr-1 pl-3">
        <span className="text-xs text-ink-faint">{label}</span>
        <CopyButton text={text} />
      </div>
      <ScrollRegion label={label} className="max-h-[26rem]">
        <pre className="m-0 p-3 font-mono text-xs text-ink">{text}</pre>
      </ScrollRegion>
    </div>
  );
}

/** The first digits of a hash; the whole one in the title and for copying. */
export function HashText({ hash, digits = 10 }: { hash: string; digits?: number }) {
  return (
    <code className="font-mono text-xs text-ink-soft" title={hash}>
      {hash.slice(0, digits)}
      <span aria-hidden="true">…</span>
    </code>
  );
}
