/** The sections of the dashboard, in the order in which they stand everywhere. */
export const SECTIONS = [
  { href: '/claims', title: 'Claims' },
  { href: '/experiments', title: 'Experiments' },
  { href: '/techniques', title: 'Techniques' },
  { href: '/papers', title: 'Papers' },
  { href: '/system', title: 'System' },
] as const;
