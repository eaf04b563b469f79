import { storiesOf } from './stories.ts';

/** How a file's text falls into documents. */
export type DocumentRule =
  /** Parts between a separator. */
  | { readonly kind: 'separator'; readonly separator: string }
  /** A document starts at every line that matches. */
  | { readonly kind: 'heading'; readonly pattern: RegExp }
  /** Stories of TinyStories without marks between them. */
  | { readonly kind: 'stories' };

/** Documents without surrounding white space; empty ones are no documents. */
export function documentsOf(text: string, rule: DocumentRule): readonly string[] {
  return partsOf(text, rule).flatMap((part) => {
    const document = part.trim();
    return document === '' ? [] : [document];
  });
}

function partsOf(text: string, rule: DocumentRule): readonly string[] {
  switch (rule.kind) {
    case 'separator':
      return text.split(rule.separator);
    case 'heading':
      return articlesOf(text, rule.pattern);
    case 'stories':
      return storiesOf(text);
  }
}

function articlesOf(text: string, heading: RegExp): string[] {
  const articles: string[][] = [];
  for (const line of text.split('\n')) {
    const article = articles.at(-1);
    if (article === undefined || heading.test(line)) articles.push([line]);
    else article.push(line);
  }
  return articles.map((article) => article.join('\n'));
}
