/**
 * The command of an implementation, with placeholders for what varies from case to case.
 *
 *   mkcomposefs --min-version={version} --max-version={version} --from-file - -
 *   fsverity digest --compact --hash-alg={hash} --block-size={blockSize} [--salt={salt}] {input}
 *
 * It is split into words at spaces, by no shell: nothing is expanded. Quotes keep spaces, `'as they are'` or "with \" and
 * \\"; a backslash outside of quotes keeps the next character. `{name}` is a placeholder but in single quotes or behind a
 * backslash. Words in brackets are there only when all of their placeholders have a value in the case.
 */

import { PARAMETERS } from "./cases.ts";

/** Values that the runner gives: where the input is (`{}` for short), where the image goes, and what is asked. */
const OWN = ["input", "output", "level"] as const;
/** Values made of parameters: the digit of the format; format, hash and 12, the bits of a block, as one name. */
const DERIVED = ["version", "profile"] as const;

export const PLACEHOLDERS = [...OWN, ...PARAMETERS, ...DERIVED] as const;
export type Placeholder = (typeof PLACEHOLDERS)[number];

type Part = { text: string } | { name: Placeholder };

interface Word {
  parts: Part[];
  /** Words of one pair of brackets have one number; null outside. */
  group: number | null;
}

export interface Template {
  words: readonly Word[];
  names: ReadonlySet<Placeholder>;
}

/**
 * Splits a command.
 *
 * @throws {RangeError} for quotes or brackets without their end, a name that is none, and no words
 */
export function parseTemplate(text: string): Template {
  const words = new TemplateReader(text).read();
  if (words.length === 0) throw new RangeError("expected a command, got nothing");
  const names = new Set(words.flatMap(({ parts }) => parts.flatMap((part) => ("name" in part ? [part.name] : []))));
  return { words, names };
}

/** The words for one case. @param values of the placeholders that have one; the others are empty outside of brackets */
export function fillTemplate({ words }: Template, values: ReadonlyMap<Placeholder, string>): string[] {
  const hasValue = (part: Part) => "text" in part || values.has(part.name);
  const missing = new Set(words.filter(({ parts }) => !parts.every(hasValue)).map(({ group }) => group));
  return words
    .filter(({ group }) => group === null || !missing.has(group))
    .map(({ parts }) => parts.map((part) => ("text" in part ? part.text : (values.get(part.name) ?? ""))).join(""));
}

/** Reads a command, character by character. */
class TemplateReader {
  readonly #text: string;
  #at = 0;
  #groups = 0;
  #group: number | null = null;
  readonly #words: Word[] = [];
  /** Parts of the word that is being read; undefined between words. */
  #parts: Part[] | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Word[] {
    for (; this.#at < this.#text.length; this.#at++) this.#readCharacter(this.#text[this.#at]!);
    this.#endWord();
    if (this.#group !== null) throw new RangeError("a bracket has no end");
    return this.#words;
  }

  #readCharacter(c: string): void {
    const next = this.#text[this.#at + 1];
    if (/\s/.test(c)) this.#endWord();
    else if (c === "[" && this.#parts === undefined) this.#openGroup();
    else if (c === "]" && this.#group !== null && (next === undefined || /\s/.test(next))) this.#closeGroup();
    else if (c === "'") this.#readQuoted();
    else if (c === '"') this.#readDoubleQuoted();
    else if (c === "\\" && next !== undefined) this.#addText(this.#text[++this.#at]!);
    else if (c === "{") this.#readPlaceholder();
    else this.#addText(c);
  }

  #openGroup(): void {
    if (this.#group !== null) throw new RangeError("brackets cannot be in brackets");
    this.#group = this.#groups++;
  }

  #closeGroup(): void {
    this.#endWord();
    this.#group = null;
  }

  #readQuoted(): void {
    const end = this.#text.indexOf("'", this.#at + 1);
    if (end < 0) throw new RangeError("a single quote has no end");
    this.#addText(this.#text.slice(this.#at + 1, end));
    this.#at = end;
  }

  #readDoubleQuoted(): void {
    this.#addText("");
    for (this.#at++; this.#text[this.#at] !== '"'; this.#at++) {
      const c = this.#text[this.#at];
      if (c === undefined) throw new RangeError("a double quote has no end");
      if (c === "{") this.#readPlaceholder();
      else if (c === "\\" && /["\\{]/.test(this.#text[this.#at + 1] ?? "")) this.#addText(this.#text[++this.#at]!);
      else this.#addText(c);
    }
  }

  #readPlaceholder(): void {
    const [whole, name] = /^\{(\w*)\}/.exec(this.#text.slice(this.#at)) ?? [];
    const found = name === "" ? "input" : PLACEHOLDERS.find((one) => one === name);
    if (whole === undefined || found === undefined) {
      const known = PLACEHOLDERS.map((one) => `{${one}}`).join(", ");
      throw new RangeError(`expected one of ${known}; a brace that is none is written \\{`);
    }
    this.#parts ??= [];
    this.#parts.push({ name: found });
    this.#at += whole.length - 1;
  }

  #addText(text: string): void {
    this.#parts ??= [];
    const last = this.#parts.at(-1);
    if (last !== undefined && "text" in last) last.text += text;
    else this.#parts.push({ text });
  }

  #endWord(): void {
    if (this.#parts !== undefined) this.#words.push({ parts: this.#parts, group: this.#group });
    this.#parts = undefined;
  }
}
