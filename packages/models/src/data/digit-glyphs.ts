import type { RandomStream } from '@claimbench/kernels';

/** Digits of 5 x 7 signs, rows from above. */
const GLYPHS: readonly (readonly string[])[] = [
  ['.###.', '#...#', '#..##', '#.#.#', '##..#', '#...#', '.###.'],
  ['..#..', '.##..', '..#..', '..#..', '..#..', '..#..', '.###.'],
  ['.###.', '#...#', '....#', '...#.', '..#..', '.#...', '#####'],
  ['#####', '...#.', '..#..', '...#.', '....#', '#...#', '.###.'],
  ['...#.', '..##.', '.#.#.', '#..#.', '#####', '...#.', '...#.'],
  ['#####', '#....', '####.', '....#', '....#', '#...#', '.###.'],
  ['..##.', '.#...', '#....', '####.', '#...#', '#...#', '.###.'],
  ['#####', '....#', '...#.', '..#..', '.#...', '.#...', '.#...'],
  ['.###.', '#...#', '#...#', '.###.', '#...#', '#...#', '.###.'],
  ['.###.', '#...#', '#...#', '.####', '....#', '...#.', '.##..'],
];
const [GLYPH_WIDTH, GLYPH_HEIGHT] = [5, 7];

/** Width and height of a drawing. */
export const DRAWING = { width: 10, height: 10 } as const;
const SIGNS = DRAWING.width * DRAWING.height;
const LEFTS = DRAWING.width - GLYPH_WIDTH + 1;
const TOPS = DRAWING.height - GLYPH_HEIGHT + 1;

/** Of 256 signs so many are turned into the other one, each by its own draw: one in sixteen. */
const TURNED_OF_256 = 16;

const [BLANK, INK, LINE_END] = ['.', '#', '\n'].map((sign) => sign.charCodeAt(0)) as [number, number, number];

/** Every digit at every place, rows from above: 1 for `#`. */
const PLACED = GLYPHS.map((glyph) =>
  Array.from({ length: TOPS * LEFTS }, (_, place) => {
    const [top, left] = [Math.floor(place / LEFTS), place % LEFTS];
    return Uint8Array.from({ length: SIGNS }, (_, at) => {
      const [row, column] = [Math.floor(at / DRAWING.width), at % DRAWING.width];
      return Number(glyph[row - top]?.[column - left] === '#');
    });
  }),
);

/**
 * A drawing of a digit and the digit: rows of `.` and `#`, then a line `=7`. Digit and place are drawn uniformly, and each sign is the other
 * one with probability 1/16: no reader can name every digit, and how many the best one names is known (`digitLikelihoods`).
 */
export function drawnDigit(stream: RandomStream): string {
  const digit = stream.nextBelow(GLYPHS.length);
  const signs = PLACED[digit]![stream.nextBelow(TOPS * LEFTS)]!;
  const drawing: number[] = [];
  let word = 0;
  for (let at = 0; at < SIGNS; at++) {
    // Each byte of a word decides one sign.
    word = at % 4 === 0 ? stream.nextWord() : word >>> 8;
    const turned = (word & 0xff) < TURNED_OF_256 ? 1 : 0;
    drawing.push(signs[at] === turned ? BLANK : INK);
    if (at % DRAWING.width === DRAWING.width - 1) drawing.push(LINE_END);
  }
  return `${String.fromCharCode(...drawing)}=${digit}`;
}

/**
 * P(drawing | digit) for every digit, but for a factor that all share: the mean over the places of what turning signs makes of the glyph
 * there. The digit of the largest is the best answer that there is.
 */
export function digitLikelihoods(drawing: string): number[] {
  const seen = [...drawing.replaceAll('\n', '')].map((sign) => Number(sign === '#'));
  const odds = TURNED_OF_256 / (256 - TURNED_OF_256);
  return PLACED.map((places) => {
    const likelihoods = places.map((signs) => odds ** seen.filter((sign, at) => sign !== signs[at]).length);
    return likelihoods.reduce((sum, value) => sum + value) / places.length;
  });
}
