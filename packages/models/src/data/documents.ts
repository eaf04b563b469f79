/** How a file's text falls into documents. */
export type DocumentRule =
  /** Parts between a separator. */
  | { readonly kind: 'separator'; readonly separator: string }
  /** A document starts at every line that matches. */
  | { readonly kind: 'heading'; readonly pattern: RegExp }
  /** Paragraphs (between blank lines) up to the next one that opens a story. */
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
      return joinUntil(text.split('\n'), '\n', (line) => rule.pattern.test(line));
    case 'stories':
      return joinUntil(text.split('\n\n'), '\n\n', (paragraph) => STORY_OPENING.test(paragraph));
  }
}

const STORY_OPENING = /^\s*(Once|One day, (a|there)|There (was|once)|Long ago)\b/;

function joinUntil(pieces: readonly string[], separator: string, opens: (piece: string) => boolean): string[] {
  const parts: string[][] = [];
  for (const piece of pieces) {
    const open = parts.at(-1);
    if (open === undefined || opens(piece)) parts.push([piece]);
    else open.push(piece);
  }
  return parts.map((part) => part.join(separator));
}
