/** The lines of `file_contexts` and of the files of substitutions. boot-transform.md 3.2 and 3.4. */

import { lineError, type Place } from "./fault.ts";
import { SELINUX_LIMITS } from "./limits.ts";
import { checkText, fieldsOf, linesOf } from "./lines.ts";

/** The type of a file, as the last byte of a subject: boot-transform.md 3.3. */
export type SubjectType = "d" | "-" | "l" | "c" | "b" | "p" | "s";
export const SUBJECT_TYPES = "d-lcbps";

/** A line `PATTERN [-TYPE] LABEL`. */
export interface RuleLine {
  readonly place: Place;
  readonly pattern: Uint8Array;
  /** null: any type. */
  readonly type: SubjectType | null;
  readonly label: Uint8Array;
}

/** A line `ALIAS ORIGINAL`. */
export interface SubstitutionLine {
  readonly alias: Uint8Array;
  readonly original: Uint8Array;
}

const DASH = 0x2d;

/**
 * The rules of a file, in order.
 *
 * @param file its name, for errors
 * @throws ComposefsError SELINUX_LINE, SELINUX_UTF8, SELINUX_LIMIT
 */
export function* readRules(file: string, content: Uint8Array): Generator<RuleLine> {
  checkText(file, content);
  for (const { line, start, end } of linesOf(content)) {
    const fields = fieldsOf(content, start, end, 3);
    const [pattern, second, third] = fields;
    if (pattern === undefined) continue;
    const place = { file, line };
    if (second === undefined) throw lineError("SELINUX_LINE", place, "expected PATTERN [-TYPE] LABEL, found one field");
    const hasType = second[0] === DASH;
    const label = hasType ? third : second;
    const type = hasType ? typeOf(second) : null;
    if (type === undefined) {
      throw lineError(
        "SELINUX_LINE",
        place,
        "expected one of the types -b -c -d -p -l -s --, or a label without a dash",
      );
    }
    if (label === undefined) throw lineError("SELINUX_LINE", place, "expected a label after the type");
    if (fields.length > (hasType ? 3 : 2)) throw lineError("SELINUX_LINE", place, "expected nothing after the label");
    yield { place, pattern, type, label };
  }
}

function typeOf(field: Uint8Array): SubjectType | undefined {
  const letter = String.fromCharCode(field[1] ?? 0);
  return field.length === 2 && SUBJECT_TYPES.includes(letter) ? (letter as SubjectType) : undefined;
}

/**
 * The substitutions of a file, in order.
 *
 * @param file its name, for errors
 * @throws ComposefsError SELINUX_LINE, SELINUX_UTF8, SELINUX_LIMIT
 */
export function* readSubstitutions(file: string, content: Uint8Array): Generator<SubstitutionLine> {
  checkText(file, content);
  const limit = SELINUX_LIMITS.aliasBytes;
  for (const { line, start, end } of linesOf(content)) {
    const fields = fieldsOf(content, start, end, 2);
    const [alias, original] = fields;
    if (alias === undefined) continue;
    const place = { file, line };
    if (original === undefined || fields.length > 2) {
      throw lineError("SELINUX_LINE", place, "expected two fields, ALIAS ORIGINAL");
    }
    const actual = Math.max(alias.length, original.length);
    if (actual > limit) {
      throw lineError("SELINUX_LIMIT", place, `a path of ${actual} bytes, at most ${limit} are allowed`, {
        actual,
        limit,
      });
    }
    yield { alias, original };
  }
}
