import type { RandomStream } from '@claimbench/kernels';

const PEOPLE = ['Ada', 'Ben', 'Cleo', 'Dov', 'Ela', 'Finn', 'Gita', 'Hugo', 'Ines', 'Jon', 'Kim', 'Lena'];
const KINDS = ['baker', 'farmer', 'painter', 'sailor', 'teacher', 'weaver'];
const PLACES = ['barn', 'forest', 'garden', 'harbour', 'kitchen', 'library', 'market', 'mill'];
const THINGS = ['basket', 'book', 'drum', 'kite', 'lamp', 'map', 'rope', 'spoon'];
const COLOURS = ['black', 'blue', 'green', 'grey', 'red', 'white', 'yellow'];
const REASONS = ['because it was old', 'because it was heavy', 'to keep it safe', 'to surprise a friend'];
const ENDS = ['They laughed together', 'They shared some bread', 'They walked home', 'They told everyone about it'];

/**
 * One story: somebody has a thing, leaves it at a place, misses it, is told by another where it lies, and finds it there. Names, colour, thing and
 * place are drawn once, so that later sentences can be told from earlier ones.
 */
export function generatedStory(stream: RandomStream): string {
  const one = <Value>(values: readonly Value[]): Value => values[stream.nextBelow(values.length)]!;
  const owner = one(PEOPLE);
  const friend = one(PEOPLE.filter((name) => name !== owner));
  const place = one(PLACES);
  const elsewhere = one(PLACES.filter((other) => other !== place));
  const thing = `${one(COLOURS)} ${one(THINGS)}`;
  const kind = one(KINDS);
  const sentences = [
    `${owner} was a ${kind} who had a ${thing}.`,
    `One day ${owner} took the ${thing} to the ${place} and left it there ${one(REASONS)}.`,
  ];
  if (stream.nextBelow(2) === 1) sentences.push(`Then the ${kind} went to the ${elsewhere}.`);
  sentences.push(`Later ${owner} wanted the ${thing} and could not find it.`);
  if (stream.nextBelow(2) === 1) sentences.push(`It was not in the ${elsewhere}.`);
  sentences.push(
    `"Have you seen my ${thing}?" ${owner} asked ${friend}.`,
    `"It is in the ${place}," said ${friend}.`,
    `${owner} ran to the ${place}, and there was the ${thing}.`,
    `"Thank you, ${friend}!" said ${owner}.`,
    `${one(ENDS)}.`,
  );
  return sentences.join(' ');
}
