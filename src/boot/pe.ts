/**
 * Sections of a Portable Executable, the form of a unified kernel image: boot-transform.md 4.2; Microsoft's "PE Format",
 * chapters "COFF File Header" and "Section Table". All numbers are little endian.
 *
 * Positions are 32 bits and sizes at most 32 bits wide, so that no sum of them comes near 2^53.
 */

import { ComposefsError } from "../error.ts";
import { decodeText, quoteStart } from "./text.ts";

/** Position of the number that says where the PE header is; the header that holds it ends behind that number. */
const PE_POSITION = 0x3c;
const DOS_HEADER_BYTES = PE_POSITION + 4;

/** `PE\0\0`. */
const PE_SIGNATURE = 0x00004550;
/** The signature and the COFF file header, and what they hold. */
const PE_HEADER_BYTES = 24;
const PE_SECTION_COUNT = 6;
const PE_OPTIONAL_BYTES = 20;

/** A section header, and what it holds. */
const SECTION_HEADER_BYTES = 40;
const SECTION_NAME_BYTES = 8;
const SECTION_VIRTUAL_SIZE = 8;
const SECTION_POSITION = 20;

/** A section as its header says. */
export interface PeSection {
  /** At most 8 bytes as latin1, without the zeros that fill it up. */
  name: string;
  /** Position of the content in the file, in bytes. Nothing says that it is inside of the file. */
  offset: number;
  /** Bytes of content: the virtual size. The size in the file is rounded up. */
  size: number;
}

/**
 * The sections of a file, in the order of its table. Of the file only the headers are looked at.
 *
 * @param file the whole file
 * @throws {ComposefsError} UKI_PE: no PE file, or its headers reach beyond its end
 */
export function peSections(file: Uint8Array): PeSection[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  checkRange(file, 0, DOS_HEADER_BYTES, "the DOS header");
  const peAt = view.getUint32(PE_POSITION, true);
  checkRange(file, peAt, PE_HEADER_BYTES, "the PE header");
  if (view.getUint32(peAt, true) !== PE_SIGNATURE) {
    throw new ComposefsError("UKI_PE", `not a PE file: no PE signature at ${peAt}`, { offset: peAt });
  }
  const count = view.getUint16(peAt + PE_SECTION_COUNT, true);
  const tableAt = peAt + PE_HEADER_BYTES + view.getUint16(peAt + PE_OPTIONAL_BYTES, true);
  checkRange(file, tableAt, count * SECTION_HEADER_BYTES, "the section table");
  const sections: PeSection[] = [];
  for (let i = 0; i < count; i++) {
    const at = tableAt + i * SECTION_HEADER_BYTES;
    sections.push({
      name: nameOf(file.subarray(at, at + SECTION_NAME_BYTES)),
      offset: view.getUint32(at + SECTION_POSITION, true),
      size: view.getUint32(at + SECTION_VIRTUAL_SIZE, true),
    });
  }
  return sections;
}

/**
 * Content of the first section of a name.
 *
 * @param file the whole file
 * @param name such as `.cmdline`: all bytes of the name as latin1
 * @returns a view into `file`
 * @throws {ComposefsError} UKI_PE: no PE file, or the section reaches beyond its end; UKI_SECTION: no such section
 */
export function peSection(file: Uint8Array, name: string): Uint8Array {
  const section = peSections(file).find((candidate) => candidate.name === name);
  if (section === undefined) {
    throw new ComposefsError("UKI_SECTION", `the PE file has no section ${quoteStart(name)}`);
  }
  checkRange(file, section.offset, section.size, `section ${quoteStart(name)}`);
  return file.subarray(section.offset, section.offset + section.size);
}

/**
 * Content of the first section of a name, as text: `.cmdline` is the kernel command line, `.osrel` an os-release text.
 *
 * @throws {ComposefsError} UKI_PE, UKI_SECTION as {@link peSection}; UKI_UTF8: the content is not UTF-8
 */
export function peText(file: Uint8Array, name: string): string {
  return decodeText(peSection(file, name), "UKI_UTF8", `section ${quoteStart(name)}`);
}

/** @param offset @param size below 2^33 each */
function checkRange(file: Uint8Array, offset: number, size: number, what: string): void {
  const end = offset + size;
  if (end > file.length) {
    const message = `not a PE file: ${what} ends at ${end}, the file at ${file.length}`;
    throw new ComposefsError("UKI_PE", message, { offset, actual: end, limit: file.length });
  }
}

/** A name without the zeros at its end; others are part of it. */
function nameOf(bytes: Uint8Array): string {
  let length = bytes.length;
  while (length > 0 && bytes[length - 1] === 0) length--;
  return String.fromCharCode(...bytes.subarray(0, length));
}
