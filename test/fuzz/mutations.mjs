/**
 * Ways to break a dumpfile: by fields, where a parser decides, and by bytes, where it must not fall over.
 * Texts are byte strings.
 */

/** Texts that a field should not hold, or only just. */
const ODD_FIELDS = [
  "",
  "-",
  "--",
  "0",
  "-1",
  "+1",
  "1x",
  "0x1",
  "\t5",
  "5\t",
  "007",
  "5.",
  ".5",
  "1.2.3",
  "0.1000000000",
  "-1.0",
  "0.-1",
  "4294967295",
  "4294967296",
  "9223372036854775807.0",
  "9223372036854775808.0",
  "9223372036854775808",
  "18446744073709551615",
  "18446744073709551616",
  "9007199254740992",
  "9007199254740993",
  "100644",
  "@100644",
  "@40755",
  "@0",
  "40755",
  "20644",
  "120777",
  "10644",
  "200100644",
  "37777777777",
  "100648",
  "/",
  "//",
  "/a/",
  "/.",
  "/..",
  "/nope",
  "/nope/x",
  "rel",
  "\\",
  "\\x",
  "\\x4",
  "\\x4g",
  "\\x00",
  "\\q",
  "\\n",
  "ab".repeat(32),
  "AB".repeat(32),
  "ab".repeat(31),
  "zz".repeat(32),
  "x".repeat(5000),
  "x".repeat(5001),
  "x".repeat(4095),
  "x".repeat(4096),
  `/${"n".repeat(255)}`,
  `/${"n".repeat(256)}`,
  "user.a",
  "user.a=1",
  "=1",
  `user.${"k".repeat(250)}=`,
  `user.${"k".repeat(251)}=`,
  "user.\\x00=1",
  `user.a=${"v".repeat(32742)}`,
  `user.a=${"v".repeat(32743)}`,
  "user.a=\r",
  "\r",
];

function onLine(random, text, change) {
  const lines = text.split("\n");
  const at = random.below(Math.max(1, lines.length - 1));
  const result = change(lines[at], at, lines);
  if (result !== undefined) lines[at] = result;
  return lines.join("\n");
}

function onField(random, text, change) {
  return onLine(random, text, (line) => {
    const fields = line.split(" ");
    const at = random.below(fields.length);
    fields[at] = change(fields[at]);
    return fields.join(" ");
  });
}

const FIELD_CHANGES = [
  (random, text) => onField(random, text, () => random.pick(ODD_FIELDS)),
  (random, text) => onField(random, text, () => random.pick(ODD_FIELDS)),
  (random, text) => onField(random, text, () => random.pick(ODD_FIELDS)),
  // Two fields of one line trade places, or two lines trade one field.
  (random, text) =>
    onLine(random, text, (line) => {
      const fields = line.split(" ");
      const [a, b] = [random.below(fields.length), random.below(fields.length)];
      [fields[a], fields[b]] = [fields[b], fields[a]];
      return fields.join(" ");
    }),
  (random, text) =>
    onLine(random, text, (line, _, lines) => {
      const fields = line.split(" ");
      const others = random.pick(lines).split(" ");
      const at = random.below(fields.length);
      fields[at] = others[at] ?? "-";
      return fields.join(" ");
    }),
  (random, text) => onLine(random, text, (line) => line.split(" ").slice(0, random.below(14)).join(" ")),
  (random, text) =>
    onLine(
      random,
      text,
      (line) =>
        `${line}${random.pick([" ", "  ", " user.b=2", " user.b", "\r", "\t", "\0", " user.b=2 user.b=", " trusted.overlay.opaque=x"])}`,
    ),
  // Lines doubled, dropped, moved.
  (random, text) =>
    onLine(random, text, (line, _at, lines) => {
      lines.splice(random.below(lines.length), 0, line);
      return undefined;
    }),
  (random, text) =>
    onLine(random, text, (_, at, lines) => {
      lines.splice(at, 1);
      return undefined;
    }),
  (random, text) =>
    onLine(random, text, (_, at, lines) => {
      const [line] = lines.splice(at, 1);
      lines.splice(random.below(lines.length), 0, line);
      return undefined;
    }),
  (random, text) =>
    onLine(random, text, (_, at, lines) => {
      lines.splice(
        at + random.below(2),
        0,
        random.pick([
          "",
          " ",
          "/new 0 100644 1 0 0 0 0.0 - - -",
          "/l 0 @100644 - - - - 0.0 /l",
          "/l 0 @100644 - - - - 0.0 /",
        ]),
      );
      return undefined;
    }),
];

/** Changes to any bytes at all: flips, cuts, doubles and splices. */
const BYTE_CHANGES = [
  (random, text) => {
    const at = random.below(text.length);
    return text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << random.below(8))) + text.slice(at + 1);
  },
  (random, text) => {
    const at = random.below(text.length);
    return (
      text.slice(0, at) +
      random.pick([" ", "\n", "\0", "\\", "/", "-", "@", "=", "9", "\xff"]) +
      text.slice(at + random.below(2))
    );
  },
  (random, text) => text.slice(0, random.below(text.length)),
  (random, text) => {
    const at = random.below(text.length);
    return text.slice(0, at) + text.slice(at + random.below(40));
  },
  (random, text) => {
    const at = random.below(text.length);
    const length = random.below(200);
    return text.slice(0, at + length) + text.slice(at);
  },
  (random, text) => {
    const from = random.below(text.length);
    const at = random.below(text.length);
    return text.slice(0, at) + text.slice(from, from + random.below(300)) + text.slice(at);
  },
];

/** One or two changes that a parser is likely to notice. */
export function breakDump(random, text) {
  let out = text;
  for (let i = random.chance(80) ? 1 : 2; i > 0 && out.length > 0; i--) {
    out = random.pick(random.chance(80) ? FIELD_CHANGES : BYTE_CHANGES)(random, out);
  }
  return out;
}

/** A few changes to any bytes. */
export function mutateBytes(random, text) {
  let out = text;
  for (let i = random.pick([1, 1, 1, 2, 4]); i > 0 && out.length > 0; i--) {
    out = random.pick(random.chance(60) ? BYTE_CHANGES : FIELD_CHANGES)(random, out);
  }
  return out;
}
