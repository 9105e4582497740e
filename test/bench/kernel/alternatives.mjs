/**
 * Alternatives to what stands in the four-lane SHA-256 kernel, for `search.mjs`.
 *
 * An axis is one decision; each of its alternatives changes the sources (file name -> text) in place.
 */

const LANES = "sha256lanes.ts";
const KERNEL = "sha256x4.ts";

/** Swaps the body of a static method of the lane functions. */
const method = (name, expression) => (files) => {
  const found = new RegExp(`(@inline static ${name}\\([^)]*\\): v128 \\{)[^}]*\\}`);
  if (!found.test(files[LANES])) throw new Error(`no method ${name}`);
  files[LANES] = files[LANES].replace(found, (_, head) => `${head} return ${expression} }`);
};
const all =
  (...changes) =>
  (files) => {
    for (const change of changes) change(files);
  };

const xor = (...terms) => terms.reduce((x, y) => `v128.xor(${x}, ${y})`);
const add = (x, y) => `i32x4.add(${x}, ${y})`;
const shr = (x, n) => `i32x4.shr_u(${x}, ${n})`;
const shl = (x, n) => `i32x4.shl(${x}, ${n})`;
const rotr = (x, n) => xor(shr(x, n), shl(x, 32 - n));
const rotrOr = (x, n) => `v128.or(${shr(x, n)}, ${shl(x, 32 - n)})`;

/** Rotations and shifts of equations 4.4 to 4.7 of FIPS 180-4. */
const SUMS = { sum0: [2, 13, 22], sum1: [6, 11, 25] };
const SIGMAS = { sigma0: [7, 18, 3], sigma1: [17, 19, 10] };
const eachOf = (table, spell) => all(...Object.entries(table).map(([name, n]) => method(name, spell(...n))));

/** The loop of the rounds: the eight that stand there, `times` times over. */
const unroll = (times) => (files) => {
  const loop = /(for \(const end = at \+ SCHEDULE_BYTES; at < end; at \+= )128\) \{([\s\S]*?)\n {4}\}/;
  if (!loop.test(files[KERNEL])) throw new Error("no loop of rounds");
  files[KERNEL] = files[KERNEL].replace(loop, (_, head, rounds) => {
    const moved = (by) => rounds.replace(/v128\.load\(at, (\d+)\)/g, (_all, at) => `v128.load(at, ${Number(at) + by})`);
    const copies = Array.from({ length: times }, (_all, i) => moved(128 * i));
    return `${head}${128 * times}) {${copies.join("\n")}\n    }`;
  });
};

/** Sixteen words in locals, the schedule made between the rounds; nothing is laid down in memory but the padding. */
const wordsInLocals = (files) => {
  const source = files[KERNEL];
  const rounds = /for \(const end = at \+ SCHEDULE_BYTES; at < end; at \+= 128\) \{([\s\S]*?)\n {4}\}/.exec(source)[1];
  const from = source.indexOf("      v128.store(schedule, ");
  const to = source.indexOf("      p0 += SHA256_BLOCK_BYTES");
  const rest = source.indexOf("    const a0 = a");
  const end = source.indexOf("    if (!blockCount) break");
  if (from < 0 || to < 0 || rest < 0 || end < 0) throw new Error("the kernel has another shape");
  const save = source.slice(rest, source.indexOf("    // After eight rounds"));
  const finish = source.slice(source.indexOf("    a = Lanes.add(a, a0)"), end);
  const word = (t) => `w${t % 16}`;
  const sixteen = (scheduled) => {
    let t = 0;
    return (rounds + rounds).replace(/(\w = Lanes\.t1\([^;]*?)v128\.load\(at, \d+\)\)/g, (_, head) => {
      const step = scheduled
        ? `${word(t)} = Lanes.word(${word(t)}, ${word(t + 1)}, ${word(t + 9)}, ${word(t + 14)})\n`
        : "";
      const text = `${step}${head}${add(word(t), `v128.load(k, ${16 * t})`)})`;
      t++;
      return text;
    });
  };
  files[KERNEL] = `${source.slice(0, from)}${save}
    let k = constants
    ${sixteen(false)}
    for (k += SIXTEEN_WORDS; k < constants + SCHEDULE_BYTES; k += SIXTEEN_WORDS) { ${sixteen(true)} }
    ${finish}
    ${source.slice(to, rest).replace(/\}\s*$/, "")}
    blockCount--
    continue
    }
${source.slice(rest)}`;
};

export const axes = {
  structure: { "words in locals": wordsInLocals, "16 rounds a loop": unroll(2), "64 rounds": unroll(8) },
  sums: {
    halves: eachOf(SUMS, (a, b, c) =>
      xor(shr("x", a), shr("x", b), shr("x", c), xor(shl("x", 32 - a), shl("x", 32 - b), shl("x", 32 - c))),
    ),
    "rotations by or": eachOf(SUMS, (a, b, c) => xor(rotrOr("x", a), rotrOr("x", b), rotrOr("x", c))),
    "last rotation first": eachOf(SUMS, (a, b, c) => xor(rotr("x", a), xor(rotr("x", b), rotr("x", c)))),
    "one by one": eachOf(SUMS, (a, b, c) =>
      xor(shr("x", a), shl("x", 32 - a), shr("x", b), shl("x", 32 - b), shr("x", c), shl("x", 32 - c)),
    ),
    "shared shifts": eachOf(SUMS, (a, b, c) =>
      xor(
        shr(xor("x", shr(xor("x", shr("x", c - b)), b - a)), a),
        shl(xor("x", shl(xor("x", shl("x", b - a)), c - b)), 32 - c),
      ),
    ),
  },
  sigmas: {
    rotations: eachOf(SIGMAS, (a, b, s) => xor(rotr("x", a), rotr("x", b), shr("x", s))),
    "rotations by or": eachOf(SIGMAS, (a, b, s) => xor(rotrOr("x", a), rotrOr("x", b), shr("x", s))),
    "shift first": eachOf(SIGMAS, (a, b, s) => xor(shr("x", s), xor(rotr("x", a), rotr("x", b)))),
    "one by one": eachOf(SIGMAS, (a, b, s) =>
      xor(shr("x", s), shr("x", a), shl("x", 32 - a), shr("x", b), shl("x", 32 - b)),
    ),
  },
  ch: {
    bitselect: method("ch", "v128.bitselect(f, g, e)"),
    "and, andnot": method("ch", xor("v128.and(e, f)", "v128.andnot(g, e)")),
  },
  maj: {
    // c is b ^ bc. Without the value of the round before: what a kernel that does not carry it would do.
    "not carried": method("maj", xor("v128.and(v128.xor(b, ab), b)", `v128.and(v128.xor(b, bc), ab)`)),
    bitselect: method("maj", "v128.bitselect(v128.xor(b, bc), b, ab)"),
  },
  t1: {
    "sum before ch": method("t1", add(add(add("h", "wk"), "Lanes.sum1(e)"), "Lanes.ch(e, f, g)")),
    "word last": method("t1", add(add(add("h", "Lanes.sum1(e)"), "Lanes.ch(e, f, g)"), "wk")),
    "in pairs": method("t1", add(add("h", "wk"), add("Lanes.sum1(e)", "Lanes.ch(e, f, g)"))),
    "sum on the left": method("t1", add("Lanes.sum1(e)", add("Lanes.ch(e, f, g)", add("h", "wk")))),
  },
  a: {
    "maj first": method("a", add(add("t1", "majority"), "Lanes.sum0(a)")),
    "in pairs": method("a", add("t1", add("majority", "Lanes.sum0(a)"))),
  },
  word: {
    "in a row": method("word", add(add(add("w16", "w7"), "Lanes.sigma0(w15)"), "Lanes.sigma1(w2)")),
    "sigma 1 last": method("word", add("Lanes.sigma1(w2)", add("w7", add("Lanes.sigma0(w15)", "w16")))),
  },
};
