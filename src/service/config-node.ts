/** A YAML document, read field by field; whatever is wrong is named with its line. Aliases and tags are not taken. */

import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { ComposefsError } from "../error.ts";
import { quoteStart } from "../source/quote.ts";

/** A value, or its absence. */
export class ConfigNode {
  readonly #node: Node | null;
  readonly #path: string;
  readonly #file: string;
  readonly #lines: LineCounter;
  readonly #offset: number;

  private constructor(node: Node | null, path: string, file: string, lines: LineCounter, offset: number) {
    this.#node = node;
    this.#path = path;
    this.#file = file;
    this.#lines = lines;
    this.#offset = node?.range?.[0] ?? offset;
  }

  /** @param file for people @throws {ComposefsError} SERVICE_CONFIG for what is no YAML */
  static parse(text: string, file: string): ConfigNode {
    const lines = new LineCounter();
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
    const [error] = [...document.errors, ...document.warnings];
    const root = new ConfigNode(document.contents as Node | null, "", file, lines, error?.pos[0] ?? 0);
    if (error !== undefined) throw new ConfigNode(null, "", file, lines, error.pos[0]).error(error.message);
    return root;
  }

  get isPresent(): boolean {
    return this.#node !== null && !(isScalar(this.#node) && this.#node.value === null);
  }

  /** A field of a map. */
  field(name: string): ConfigNode {
    const node =
      this.isPresent && isMap(this.#node) ? ((this.#node.get(name, true) as Node | undefined) ?? null) : null;
    return new ConfigNode(
      node,
      this.#path === "" ? name : `${this.#path}.${name}`,
      this.#file,
      this.#lines,
      this.#offset,
    );
  }

  /** Refuses anything but a map of these fields. @throws {ComposefsError} SERVICE_CONFIG */
  only(names: readonly string[]): this {
    if (!this.isPresent) return this;
    if (!isMap(this.#node)) throw this.error("expected fields with values");
    for (const { key } of this.#node.items) {
      const name = isScalar(key) ? String(key.value) : "";
      if (names.includes(name)) continue;
      const at = new ConfigNode(key as Node, this.#path, this.#file, this.#lines, this.#offset);
      throw at.error(`the field ${quoteStart(name)} is unknown; there are ${names.join(", ")}`);
    }
    return this;
  }

  /** The entries of a list; none where it is absent. @throws {ComposefsError} SERVICE_CONFIG */
  items(): ConfigNode[] {
    if (!this.isPresent) return [];
    if (!isSeq(this.#node)) throw this.error("expected a list");
    return this.#node.items.map(
      (item, i) => new ConfigNode(item as Node, `${this.#path}[${i}]`, this.#file, this.#lines, this.#offset),
    );
  }

  text(): string {
    const value = this.#scalar();
    if (typeof value === "string" && value !== "") return value;
    throw this.error("expected a text");
  }

  /** @param min lowest value that is taken */
  number(min: number): number {
    const value = this.#scalar();
    if (typeof value === "number" && value >= min && Number.isFinite(value)) return value;
    throw this.error(`expected a number from ${min} on`);
  }

  boolean(): boolean {
    const value = this.#scalar();
    if (typeof value === "boolean") return value;
    throw this.error("expected true or false");
  }

  /** Runs a check of a text, and says where it stands when it fails. @throws {ComposefsError} SERVICE_CONFIG */
  checked<T>(check: (text: string) => T): T {
    const text = this.text();
    try {
      return check(text);
    } catch (error) {
      throw this.error((error as Error).message);
    }
  }

  error(what: string): ComposefsError {
    const { line, col } = this.#lines.linePos(this.#offset);
    const field = this.#path === "" ? "" : ` ${this.#path}:`;
    const message = `${this.#file}, line ${line}, column ${col}:${field} ${what}`;
    return new ComposefsError("SERVICE_CONFIG", message, { line, path: this.#file });
  }

  #scalar(): unknown {
    if (isAlias(this.#node)) throw this.error("aliases are not taken");
    if (!isScalar(this.#node)) throw this.error(this.#node === null ? "it is missing" : "expected one value");
    return this.#node.value;
  }
}
