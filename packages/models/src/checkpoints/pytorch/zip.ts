import { ModelError } from '../../model-error.ts';

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const MOST_COMMENT = 65_535;

/**
 * The files of a zip archive by name, as views of the archive's bytes. Only stored (uncompressed) files, which is how PyTorch writes
 * them: nothing is unpacked, so nothing can grow. Files must lie inside the archive and must not overlap. Throws `bad-checkpoint`.
 */
export function readStoredZip(archive: Uint8Array, what: string): ReadonlyMap<string, Uint8Array> {
  const refuse = (message: string): never => {
    throw new ModelError('bad-checkpoint', `${what}: ${message}`);
  };
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  const end = findEnd(view);
  if (end === undefined) return refuse('it is no zip archive, or truncated: there is no directory at its end');
  const entries = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  const files = new Map<string, Uint8Array>();
  const spans: { readonly name: string; readonly from: number; readonly to: number }[] = [];
  for (let index = 0; index < entries; index++) {
    if (at + 46 > end || view.getUint32(at, true) !== CENTRAL) refuse(`entry ${index} of the directory is damaged`);
    const method = view.getUint16(at + 10, true);
    const packed = view.getUint32(at + 20, true);
    const size = view.getUint32(at + 24, true);
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => view.getUint16(at + field, true)) as [
      number,
      number,
      number,
    ];
    if (at + 46 + nameLength > end) refuse(`entry ${index} of the directory is damaged`);
    const name = new TextDecoder().decode(archive.subarray(at + 46, at + 46 + nameLength));
    const header = view.getUint32(at + 42, true);
    if (method !== 0 || packed !== size) refuse(`'${name}' is compressed; PyTorch stores its files`);
    if (header + 30 > end || view.getUint32(header, true) !== LOCAL) refuse(`'${name}' has no header at ${header}`);
    const from = header + 30 + view.getUint16(header + 26, true) + view.getUint16(header + 28, true);
    if (from + size > end) refuse(`'${name}' of ${size} bytes does not fit into the archive`);
    if (files.has(name)) refuse(`'${name}' is there twice`);
    files.set(name, archive.subarray(from, from + size));
    spans.push({ name, from: header, to: from + size });
    at += 46 + nameLength + extraLength + commentLength;
  }
  spans.sort((a, b) => a.from - b.from);
  for (const [index, { name, from }] of spans.entries()) {
    const before = spans[index - 1];
    if (before !== undefined && before.to > from) refuse(`'${name}' overlaps '${before.name}'`);
  }
  return files;
}

/** Where the end of the directory begins: 22 bytes and a comment before the archive's end. */
function findEnd(view: DataView): number | undefined {
  const first = Math.max(0, view.byteLength - END_BYTES - MOST_COMMENT);
  for (let at = view.byteLength - END_BYTES; at >= first; at--) {
    if (view.getUint32(at, true) === END && at + END_BYTES + view.getUint16(at + 20, true) === view.byteLength)
      return at;
  }
  return undefined;
}
