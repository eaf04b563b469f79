import type { Paper } from '@claimbench/contracts';

/**
 * A BibTeX entry with what the corpus knows of a paper. The corpus records no authors, venue or year, so the entry has none and
 * says so: a made-up one would be worse.
 */
export function bibtex(paper: Pick<Paper, 'number' | 'slug' | 'title' | 'links'>): string {
  const url = paper.links.paper ?? paper.links.code;
  const fields = [
    `title = {{${escapeTex(paper.title)}}}`,
    ...(url === null ? [] : [`url = {${url}}`]),
    `note = {Paper ${paper.number} of the Claimbench corpus, which records no authors, venue or year}`,
  ];
  return `@misc{${paper.slug}-${paper.number},\n  ${fields.join(',\n  ')}\n}\n`;
}

const TEX: Record<string, string> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
};

function escapeTex(text: string): string {
  return text.replace(/[\\~^&%$#_{}]/g, (character) => TEX[character] ?? `\\${character}`);
}
