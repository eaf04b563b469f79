/** "16.10" comes after "16.9". */
export function byNumber(a: string, b: string): number {
  const [paperA = 0, claimA = 0] = a.split('.').map(Number);
  const [paperB = 0, claimB = 0] = b.split('.').map(Number);
  return paperA - paperB || claimA - claimB;
}
