import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { ForestPlot } from './charts/forest-plot.tsx';
import { StateMark, VerdictGlyph, VerdictMark, type VerdictName } from './marks.tsx';

const VERDICTS: VerdictName[] = ['supported', 'contradicted', 'inconclusive'];
/** What is left of a picture when all colour is taken away. */
const shapeOf = (html: string) => html.replaceAll(/class="[^"]*"|data-\w+="[^"]*"/g, '');

describe('verdicts and states', () => {
  it('have each a shape of their own, so that print and colour blindness lose nothing', () => {
    const shapes = VERDICTS.map((verdict) => shapeOf(renderToStaticMarkup(createElement(VerdictGlyph, { verdict }))));
    expect(new Set(shapes).size).toBe(3);
    expect(shapes[0]).toContain('fill="currentColor"');
    expect(shapes[1]).toContain('<path');
    expect(shapes[2]).not.toContain('fill="currentColor"');
  });
  it('are read out as a word, never as a picture', () => {
    for (const verdict of VERDICTS) {
      const html = renderToStaticMarkup(createElement(VerdictMark, { verdict }));
      expect(html).toContain('aria-hidden="true"');
      expect(html).toContain(`<span>${verdict}</span>`);
    }
    expect(renderToStaticMarkup(createElement(StateMark, { state: 'timed-out' }))).toContain('timed out');
  });
});

describe('a forest plot', () => {
  it('says every number beside its picture, and what its intervals are', () => {
    const html = renderToStaticMarkup(
      createElement(ForestPlot, {
        title: 'Effects',
        levelText: '95 % interval, paired by seed',
        rows: [
          {
            id: 'a',
            label: '4 bits hold',
            effect: -0.0083,
            interval: [-0.0115, -0.0051],
            unit: 'nats/byte',
            margin: 0.019,
            template: 'not-worse',
            n: 9,
            verdict: 'supported',
            contrasts: [-0.008, -0.009],
          },
        ],
      }),
    ).replaceAll('\u00a0', ' ');
    expect(html).toContain('−0.0083 ± 0.0032');
    expect(html).toContain('nats/byte');
    expect(html).toContain('n = 9');
    expect(html).toContain('95 % interval, paired by seed');
    expect(html).toContain('dashed: margin');
  });
});
