/**
 * Numbers and paragraphs for people.
 */

/** Width of what is not a path. Paths are never cut: people copy them. */
export const COLUMNS = 100;

/** Such as `6,768`. */
export function formatCount(count: number | bigint): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Such as `1 directory`, `6,768 entries`. */
export function countOf(count: number | bigint, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${BigInt(count) === 1n ? one : many}`;
}

/** Breaks a text into lines of at most COLUMNS. */
export function wrap(text: string, indent: string, indentMore = `${indent}  `): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(" ")) {
    if (line.trim() !== "" && line.length + 1 + word.length > COLUMNS) {
      lines.push(line);
      line = indentMore;
    }
    line += line.trim() === "" ? word : ` ${word}`;
  }
  return [...lines, line];
}
