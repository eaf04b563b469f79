/** An archive as PyTorch writes it: every file stored as it is. `method` 8 only claims to be compressed. */
export function storedZip(files: Readonly<Record<string, Uint8Array>>, method = 0): Uint8Array {
  const local: number[] = [];
  const directory: number[] = [];
  const encoder = new TextEncoder();
  for (const [name, bytes] of Object.entries(files)) {
    const sizes = [...u32(bytes.length), ...u32(bytes.length)];
    const common = [...u16(0), ...u16(method), ...u32(0), ...u32(0), ...sizes, ...u16(name.length), ...u16(0)];
    const place = u32(local.length);
    directory.push(...u32(0x02014b50), ...u16(20), ...u16(20), ...common, ...u16(0), ...u16(0), ...u16(0), ...u32(0));
    directory.push(...place, ...encoder.encode(name));
    local.push(...u32(0x04034b50), ...u16(20), ...common, ...encoder.encode(name), ...bytes);
  }
  const count = u16(Object.keys(files).length);
  const end = [...u32(0x06054b50), ...u16(0), ...u16(0), ...count, ...count, ...u32(directory.length)];
  return Uint8Array.from([...local, ...directory, ...end, ...u32(local.length), ...u16(0)]);
}

function u16(value: number): number[] {
  return [value & 255, value >> 8];
}

function u32(value: number): number[] {
  return [0, 8, 16, 24].map((shift) => (value >>> shift) & 255);
}
