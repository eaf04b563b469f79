/**
 * English prose of the documentation comments in TypeScript declarations, by fixed rules (a change of any of them changes
 * the text's SHA-256, which is pinned):
 *
 * 1. A document is one documentation comment; line ends become `\n`, the leading ` * ` goes.
 * 2. Fenced code blocks go; of inline tags, links and emphasis the words stay.
 * 3. Of the block tags in `keptTags` the words stay, without tag, type and parameter name; all others (`@since`, `@see`, `@default`,
 *    `@example`, …) go with their text.
 * 4. Lines of one paragraph are joined by a space; list items, table rows and headings keep their own line, without their marks.
 * 5. A comment that leaves fewer than `SHORTEST` characters is no document.
 */
export function proseOfDocComments(source: string): string[] {
  const documents: string[] = [];
  for (const [, body] of source.replaceAll(/\r\n?/g, '\n').matchAll(/\/\*\*(?!\/)([\s\S]*?)\*\//g)) {
    const prose = proseOf(body!);
    if (prose.length >= SHORTEST) documents.push(prose);
  }
  return documents;
}

/** Shorter comments are names and defaults rather than sentences. */
const SHORTEST = 40;

const keptTags = new Set(['param', 'return', 'returns', 'deprecated', 'remarks', 'throws', 'description', 'summary']);

function proseOf(comment: string): string {
  const lines = comment.split('\n').map((line) => line.replace(/^\s*\*? ?/, '').trimEnd());
  const kept: string[] = [];
  let inCode = false;
  let inDroppedTag = false;
  for (const line of lines) {
    if (/^\s*(```|~~~)/.test(line)) {
      inCode = !inCode;
      kept.push('');
      continue;
    }
    if (inCode) continue;
    const tag = /^\s*@(\w+)\s*(.*)$/.exec(line);
    if (tag === null) {
      if (!inDroppedTag) kept.push(line);
      continue;
    }
    inDroppedTag = !keptTags.has(tag[1]!);
    if (!inDroppedTag) kept.push('', wordsOfTag(tag[1]!, tag[2]!));
  }
  return joinParagraphs(kept.map(withoutMarkup));
}

function wordsOfTag(tag: string, rest: string): string {
  const untyped = rest.replace(/^\{[^}]*\}\s*/, '');
  if (tag !== 'param') return untyped;
  return untyped.replace(/^(\[[^\]]*\]|\S+)\s*(-\s+)?/, '');
}

function withoutMarkup(line: string): string {
  return line
    .replaceAll(/\{@\w+\s+([^}|\s]+)(?:\s*\|\s*|\s+)([^}]*)\}/g, '$2')
    .replaceAll(/\{@\w+\s+([^}]*)\}/g, '$1')
    .replaceAll(/!?\[((?:[^[\]]|\[[^\]]*\])*)\]\([^)\s]*(?:\s[^)]*)?\)/g, '$1')
    .replaceAll(/!?\[([^\]]+)\]\[[^\]]*\]/g, '$1')
    .replaceAll(/<\/?[a-z][^<>]*>/g, '')
    .replaceAll(/\*\*([^*]+)\*\*/g, '$1')
    .replaceAll('\\', '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

function joinParagraphs(lines: readonly string[]): string {
  const paragraphs: string[] = [];
  let open = false;
  for (const line of lines) {
    const text = line.trim().replaceAll(/\s+/g, ' ');
    if (text === '' || /^[-=|:\s]+$/.test(text)) {
      open = false;
      continue;
    }
    const item = /^(?:[*+-]|#{1,6}|\d+\.|>|\|)\s+(.*)$/.exec(text);
    if (item !== null) {
      paragraphs.push(item[1]!.replaceAll(/\s*\|\s*/g, ' ').trim());
      open = true;
    } else if (open) paragraphs.push(`${paragraphs.pop()} ${text}`);
    else {
      paragraphs.push(text);
      open = true;
    }
  }
  return paragraphs.filter((paragraph) => paragraph !== '').join('\n');
}
