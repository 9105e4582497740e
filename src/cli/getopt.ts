/**
 * getopt_long(3) of glibc for long options, as mkcomposefs uses it: abbreviations that are unambiguous, `--name value`
 * and `--name=value`, options after operands (unless POSIXLY_CORRECT is set), `--` ends the options. There are no
 * short options; `-` is an operand.
 */

export type OptionTable = Readonly<Record<string, { takesValue: boolean }>>;

export type ParsedOptions =
  | { kind: "ok"; options: Array<[name: string, value: string]>; operands: string[] }
  | { kind: "unknown" }
  | { kind: "value-missing" };

export function parseOptions(args: readonly string[], table: OptionTable, posix: boolean): ParsedOptions {
  const options: Array<[string, string]> = [];
  const operands: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "--") {
      operands.push(...args.slice(i + 1));
      break;
    }
    if (!arg.startsWith("-") || arg === "-") {
      if (posix) {
        operands.push(...args.slice(i));
        break;
      }
      operands.push(arg);
      continue;
    }
    const equals = arg.indexOf("=");
    const given = arg.slice(2, equals < 0 ? undefined : equals);
    const name = arg.startsWith("--") ? complete(given, table) : undefined;
    if (name === undefined) return { kind: "unknown" };
    if (!table[name]!.takesValue) {
      if (equals >= 0) return { kind: "unknown" };
      options.push([name, ""]);
    } else if (equals >= 0) {
      options.push([name, arg.slice(equals + 1)]);
    } else {
      i++;
      if (i >= args.length) return { kind: "value-missing" };
      options.push([name, args[i]!]);
    }
  }
  return { kind: "ok", options, operands };
}

/** The option that `given` names or abbreviates; undefined when there is none or more than one. */
function complete(given: string, table: OptionTable): string | undefined {
  if (Object.hasOwn(table, given)) return given;
  const candidates = Object.keys(table).filter((name) => name.startsWith(given));
  return candidates.length === 1 ? candidates[0] : undefined;
}
