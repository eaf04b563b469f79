/** "16.10" comes after "16.9". */
export function byNumber(a: string, b: string): number {
  const [paperA = 0, claimA = 0] = a.split('.').map(Number);
  const [paperB = 0, claimB = 0] = b.split('.').map(Number);
  return paperA - paperB || claimA - claimB;
}

/** Claims by number, the protocols of one by name. */
export function byProtocol(a: ProtocolName, b: ProtocolName): number {
  return byNumber(a.claim, b.claim) || (a.protocolId < b.protocolId ? -1 : 1);
}

interface ProtocolName {
  readonly claim: string;
  readonly protocolId: string;
}
