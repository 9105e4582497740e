/** Writes PE files with any sections: unified kernel images, and what a hostile hand makes of them. */

/** What ukify and objcopy align sections to in the file, in bytes. */
const FILE_ALIGNMENT = 512;
const align = (length) => Math.ceil(length / FILE_ALIGNMENT) * FILE_ALIGNMENT;

/**
 * A PE file with a section table and the contents behind it, each from an aligned position on.
 *
 * @param {{ name: string | Uint8Array, content: string | Uint8Array, size?: number, offset?: number }[]} sections
 *   `size` and `offset`: what the header says, when it is not what is true
 * @param {{ peAt?: number, optionalBytes?: number, count?: number }} [options] position of the PE header and size of the
 *   optional header, in bytes; `count`: sections that the header says there are
 */
export function peFile(sections, { peAt = 0x80, optionalBytes = 16, count = sections.length } = {}) {
  const contents = sections.map(({ content }) => Buffer.from(content));
  const tableAt = peAt + 24 + optionalBytes;
  let dataAt = align(tableAt + 40 * sections.length);
  const out = Buffer.alloc(dataAt + contents.reduce((sum, { length }) => sum + align(length), 0));
  out.write("MZ", 0);
  out.writeUInt32LE(peAt, 0x3c);
  out.write("PE\0\0", peAt);
  // Machine x86-64; characteristics: an executable image for large addresses; the magic of PE32+.
  out.writeUInt16LE(0x8664, peAt + 4);
  out.writeUInt16LE(count, peAt + 6);
  out.writeUInt16LE(optionalBytes, peAt + 20);
  out.writeUInt16LE(0x22, peAt + 22);
  if (optionalBytes >= 2) out.writeUInt16LE(0x20b, peAt + 24);
  sections.forEach(({ name, size, offset }, i) => {
    const content = contents[i];
    const at = tableAt + 40 * i;
    Buffer.from(name).copy(out, at, 0, 8);
    out.writeUInt32LE(size ?? content.length, at + 8);
    out.writeUInt32LE(0x1000 * (i + 1), at + 12);
    out.writeUInt32LE(align(content.length), at + 16);
    out.writeUInt32LE(offset ?? dataAt, at + 20);
    // Initialised data, readable.
    out.writeUInt32LE(0x40000040, at + 36);
    content.copy(out, dataAt);
    dataAt += align(content.length);
  });
  return out;
}

/**
 * A minimal unified kernel image: os-release, a kernel that is none, the command line.
 *
 * @param {string | Uint8Array} cmdline
 * @param {string | Uint8Array} osRelease
 */
export function unifiedKernelImage(cmdline, osRelease) {
  return peFile([
    { name: ".osrel", content: osRelease },
    { name: ".linux", content: "not a kernel" },
    { name: ".cmdline", content: cmdline },
  ]);
}
