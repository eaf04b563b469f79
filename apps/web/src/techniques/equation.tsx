import katex from 'katex';
import 'katex/dist/katex.min.css';

/** A paper's equation; TeX that cannot be set is shown as it is. MathML beside the picture serves screen readers. */
export function Equation({ tex }: { tex: string }) {
  const html = katex.renderToString(tex, {
    displayMode: true,
    fleqn: true,
    throwOnError: false,
    output: 'htmlAndMathml',
    strict: 'ignore',
  });
  return (
    <div
      className="overflow-x-auto overflow-y-hidden py-2 text-base text-ink"
      // biome-ignore lint/security/noDangerouslySetInnerHtml: KaTeX escapes what it sets; the TeX is the technique's own
      dangerouslySetInnerHTML={{ __html: html }}
    />
  );
}
