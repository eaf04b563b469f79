'use client';
import { Dialog, Kbd, StateMark, VerdictGlyph } from '@claimbench/ui';
import { useQuery } from '@tanstack/react-query';
import { Command } from 'cmdk';
import { CornerDownLeft, FlaskConical, Monitor, Moon, Plus, Sun } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { type ReactNode, useDeferredValue, useState } from 'react';
import { claimsTop, experimentsTop, papersTop, techniqueList } from '../api/queries.ts';
import { SECTIONS } from './navigation.ts';
import { setTheme } from './theme.ts';

/** Everything by name: sections, claims, papers, techniques, experiments, and what can be done. */
export function CommandPalette({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title="Search and commands"
      bare
      className="max-w-xl overflow-hidden"
    >
      <Palette close={() => onOpenChange(false)} />
    </Dialog>
  );
}

function Palette({ close }: { close: () => void }) {
  const router = useRouter();
  const [text, setText] = useState('');
  const [pointed, setPointed] = useState('');
  const query = useDeferredValue(text.trim());
  const searching = query.length >= 2;
  const claims = useQuery({ ...claimsTop({ q: query }, 6), enabled: searching });
  const papers = useQuery({ ...papersTop({ q: query }, 4), enabled: searching });
  const experiments = useQuery({ ...experimentsTop({ q: query }, 5), enabled: searching });
  const techniques = useQuery(techniqueList);

  const go = (href: string) => () => {
    close();
    router.push(href);
  };
  const matches = (...words: string[]) => words.join(' ').toLowerCase().includes(query.toLowerCase());
  const shownTechniques = (techniques.data ?? []).filter((t) => query !== '' && matches(t.title, t.id)).slice(0, 6);
  const sections = SECTIONS.filter((section) => matches(section.title, 'go to'));
  const actions: { id: string; words: string; icon: ReactNode; run: () => void }[] = [
    { id: 'new', words: 'New experiment', icon: <Plus size={14} />, run: go('/experiments/new') },
    { id: 'light', words: 'Light theme', icon: <Sun size={14} />, run: () => setTheme('light') },
    { id: 'dark', words: 'Dark theme', icon: <Moon size={14} />, run: () => setTheme('dark') },
    { id: 'system', words: 'Theme as the system', icon: <Monitor size={14} />, run: () => setTheme('system') },
  ].filter((action) => matches(action.words));

  const foundClaims = searching ? (claims.data?.items ?? []) : [];
  const foundPapers = searching ? (papers.data?.items ?? []) : [];
  const foundExperiments = searching ? (experiments.data?.items ?? []) : [];
  // answers come in while one types: what was pointed at may be gone, then the first takes its place
  const order = [
    ...foundClaims.map((claim) => `claim ${claim.id}`),
    ...foundPapers.map((paper) => `paper ${paper.number}`),
    ...shownTechniques.map((technique) => `technique ${technique.id}`),
    ...foundExperiments.map((experiment) => `experiment ${experiment.id}`),
    ...sections.map((section) => `go ${section.href}`),
    ...actions.map((action) => `do ${action.id}`),
  ];
  const value = order.includes(pointed) ? pointed : (order[0] ?? '');

  return (
    <Command
      label="Search and commands"
      value={value}
      onValueChange={setPointed}
      shouldFilter={false}
      loop
      className="flex max-h-[70vh] flex-col"
    >
      <Command.Input
        value={text}
        onValueChange={setText}
        placeholder="Search claims, papers, techniques, experiments, or type a command"
        className="h-12 w-full shrink-0 border-b border-line bg-transparent px-4 text-base text-ink outline-none"
      />
      <Command.List className="min-h-0 flex-1 overflow-y-auto p-1.5 [&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:text-ink-faint">
        {foundClaims.length > 0 ? (
          <Command.Group heading="Claims">
            {foundClaims.map((claim) => (
              <Item key={claim.id} value={`claim ${claim.id}`} onSelect={go(`/claims/${claim.id}`)}>
                <span className="w-3">
                  {claim.headline ? <VerdictGlyph verdict={claim.headline.verdict.verdict} size={11} /> : null}
                </span>
                <span className="min-w-0 flex-1 truncate">{claim.statement}</span>
                <span className="tabular text-xs text-ink-faint">{claim.id}</span>
              </Item>
            ))}
          </Command.Group>
        ) : null}
        {foundPapers.length > 0 ? (
          <Command.Group heading="Papers">
            {foundPapers.map((paper) => (
              <Item key={paper.number} value={`paper ${paper.number}`} onSelect={go(`/papers/${paper.number}`)}>
                <span className="w-3" />
                <span className="min-w-0 flex-1 truncate">{paper.title}</span>
                <span className="tabular text-xs text-ink-faint">{paper.number}</span>
              </Item>
            ))}
          </Command.Group>
        ) : null}
        {shownTechniques.length > 0 ? (
          <Command.Group heading="Techniques">
            {shownTechniques.map((technique) => (
              <Item key={technique.id} value={`technique ${technique.id}`} onSelect={go(`/techniques/${technique.id}`)}>
                <span className="w-3" />
                <span className="min-w-0 flex-1 truncate">{technique.title}</span>
                <span className="text-xs text-ink-faint">{technique.family}</span>
              </Item>
            ))}
          </Command.Group>
        ) : null}
        {foundExperiments.length > 0 ? (
          <Command.Group heading="Experiments">
            {foundExperiments.map((experiment) => (
              <Item
                key={experiment.id}
                value={`experiment ${experiment.id}`}
                onSelect={go(`/experiments/${experiment.id}`)}
              >
                <FlaskConical aria-hidden="true" size={12} className="text-ink-faint" />
                <span className="min-w-0 flex-1 truncate">{experiment.title}</span>
                <StateMark state={experiment.state} className="text-xs" />
              </Item>
            ))}
          </Command.Group>
        ) : null}
        {sections.length > 0 ? (
          <Command.Group heading="Go to">
            {sections.map((section) => (
              <Item key={section.href} value={`go ${section.href}`} onSelect={go(section.href)}>
                <CornerDownLeft aria-hidden="true" size={12} className="text-ink-faint" />
                {section.title}
              </Item>
            ))}
          </Command.Group>
        ) : null}
        {actions.length > 0 ? (
          <Command.Group heading="Do">
            {actions.map((action) => (
              <Item
                key={action.id}
                value={`do ${action.id}`}
                onSelect={() => {
                  action.run();
                  close();
                }}
              >
                <span aria-hidden="true" className="text-ink-faint">
                  {action.icon}
                </span>
                {action.words}
              </Item>
            ))}
          </Command.Group>
        ) : null}
        <Command.Empty className="px-3 py-6 text-center text-sm text-ink-soft">
          {claims.isFetching || experiments.isFetching ? 'Searching…' : 'Nothing has this name.'}
        </Command.Empty>
      </Command.List>
      <div
        aria-hidden="true"
        className="flex shrink-0 gap-4 border-t border-line px-4 py-2 text-xs text-ink-faint max-sm:hidden"
      >
        <span>
          <Kbd>↑</Kbd> <Kbd>↓</Kbd> choose
        </span>
        <span>
          <Kbd>Enter</Kbd> open
        </span>
        <span>
          <Kbd>Esc</Kbd> close
        </span>
      </div>
    </Command>
  );
}

function Item({ value, onSelect, children }: { value: string; onSelect: () => void; children: ReactNode }) {
  return (
    <Command.Item
      value={value}
      onSelect={onSelect}
      className="flex cursor-default items-center gap-2.5 rounded-md px-2.5 py-1.5 text-sm text-ink data-[selected=true]:bg-accent-soft"
    >
      {children}
    </Command.Item>
  );
}
