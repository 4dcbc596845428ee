/** For which platform a program is built, by its first bytes. */

import * as fs from 'node:fs/promises';

const ELF_MACHINES: Record<number, string> = { 0x03: 'ia32', 0x28: 'arm', 0x3e: 'x64', 0xb7: 'arm64' };
const MACH_O = [0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe, 0xcafebabe];
const HEADER = 20; // bytes: up to and with the machine of an ELF file

/** The platform where that is another than this; undefined for programs of this one and for scripts. */
export async function foreignPlatform(file: string): Promise<string | undefined> {
  const handle = await fs.open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEADER), 0, HEADER, 0);
    if (bytesRead < HEADER) return undefined;
    const built = platformOf(buffer);
    const same = !built || `${process.platform}-${process.arch}`.startsWith(built);
    return same ? undefined : built;
  } finally {
    await handle.close();
  }
}

function platformOf(header: Buffer): string | undefined {
  if (header.toString('latin1', 0, 4) === '\x7fELF') {
    const machine = ELF_MACHINES[header.readUInt16LE(18)];
    return machine ? `linux-${machine}` : 'another machine';
  }
  if (MACH_O.includes(header.readUInt32BE(0))) return 'darwin';
  if (header.toString('latin1', 0, 2) === 'MZ') return 'win32';
  return undefined;
}
