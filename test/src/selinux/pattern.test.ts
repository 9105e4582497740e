/** Every construct of a pattern: what it matches, and what is refused. boot-transform.md 3.3. */
import { describe, expect, test } from "vitest";
import { SELINUX_LIMITS } from "../../../src/selinux/limits.ts";
import { parsePattern } from "../../../src/selinux/pattern.ts";
import { bytesOf, matches } from "./trees.ts";

const parse = (pattern: string) => parsePattern(bytesOf(pattern), { file: "file_contexts", line: 7 });

describe("what a pattern matches", () => {
  test.each<[pattern: string, yes: string[], no: string[]]>([
    ["/etc", ["/etc"], ["/et", "/etcx", "/etc/x", "/x/etc"]],
    ["/a\\.b", ["/a.b"], ["/axb"]],
    ["/a.b", ["/axb", "/a\nb", "/a\xffb"], ["/ab", "/axxb"]],
    ["/a/b(/.*)?", ["/a/b", "/a/b/", "/a/b/c/d"], ["/a/bc"]],
    ["/x[0-9]+", ["/x0", "/x42"], ["/x", "/xa", "/x4a"]],
    ["/x[^/]*/y", ["/x/y", "/xab\xff\n/y"], ["/xa/b/y"]],
    ["/(a|bc|)d", ["/ad", "/bcd", "/d"], ["/bd", "/abcd"]],
    ["/(?:a|b){2}", ["/ab", "/bb"], ["/a", "/aba"]],
    ["/a{1,3}", ["/a", "/aaa"], ["/", "/aaaa"]],
    ["/a{2,}", ["/aa", "/aaaaa"], ["/a"]],
    ["/a{0}b", ["/b"], ["/ab"]],
    ["/a*?b+?c??", ["/b", "/aabbc"], ["/c"]],
    ["/[a-c]", ["/a", "/c"], ["/d", "/A"]],
    ["/[]a]", ["/]", "/a"], ["/b"]],
    ["/[^]a]", ["/b", "/\n"], ["/]", "/a"]],
    ["/[a-]", ["/a", "/-"], ["/b"]],
    ["/[-a]", ["/a", "/-"], ["/b"]],
    ["/[^-]", ["/a"], ["/-"]],
    ["/[a-c-e]", ["/b", "/-", "/e"], ["/d"]],
    ["/[+-.]", ["/,", "/-"], ["/!"]],
    ["/[\\--0]", ["/-", "/.", "/0"], ["/,"]],
    ["/[\\w-]", ["/a", "/_", "/-", "/7"], ["/.", "/\xe9"]],
    ["/[\\]\\[\\^\\\\]", ["/]", "/[", "/^", "/\\"], ["/a"]],
    ["/[.]x", ["/.x"], ["/ax"]],
    ["/[^=a=]", ["/b"], ["/a", "/="]],
    ["/[.$^|*+?(){}]", ["/.", "/$", "/{", "/)"], ["/a"]],
    ["/[[:digit:]x]", ["/7", "/x"], ["/a"]],
    ["/[[:^digit:]]", ["/a", "/\xff"], ["/7"]],
    ["/[^[:alnum:]_]", ["/-"], ["/a", "/_"]],
    ["/[[:space:]]", ["/ ", "/\v", "/\n"], ["/\xa0"]],
    ["/\\d\\D", ["/7a", "/7\xff"], ["/a7"]],
    ["/\\w\\W", ["/_-", "/Z\xe9"], ["/-_"]],
    ["/\\s\\S", ["/ x", "/\vx"], ["/xx"]],
    ["/\\h", ["/ ", "/\t", "/\xa0"], ["/\n", "/\v"]],
    ["/[\\h]", ["/\xa0"], ["/x"]],
    ["/\\x41\\xfF", ["/A\xff"], ["/a\xff"]],
    ["/\\a\\f\\n\\r\\t", ["/\x07\f\n\r\t"], ["/afnrt"]],
    ["/\\-\\+\\_\\/\\,\\ \\#\\~\\\"\\'".replace("\\ ", ""), ["/-+_/,#~\"'"], ["/"]],
    ["/caf\xc3\xa9", ["/caf\xc3\xa9"], ["/caf\xe9"]],
    ["/(\xc3\xa9)+", ["/\xc3\xa9\xc3\xa9"], ["/\xc3\xa9\xa9"]],
    ["/.{2}", ["/\xc3\xa9"], ["/\xc3"]],
    ["/]}", ["/]}"], ["/]"]],
    ["^/a", ["/a"], ["/b"]],
    ["\\A^(^/a)", ["/a"], ["/b"]],
    ["/a^b", [], ["/a^b", "/ab"]],
    // Behind the path there is the byte of the type, so the end is never here.
    ["/a$", [], ["/a", "/a$"]],
    ["/a\\z", [], ["/a"]],
    ["/a\\Z", [], ["/a"]],
    ["/a($|/b)", ["/a/b"], ["/a"]],
    ["/a|/b", ["/a", "/b"], ["/a/b"]],
    ["(/a)|(/b(c)?)", ["/a", "/b", "/bc"], ["/c"]],
    [".*", ["/a", "/a/b/c"], []],
    [".*/x/.*\\.so", ["/x/y.so", "/a/x/b/c.so"], ["/x.so"]],
    ["/a()b", ["/ab"], ["/a"]],
    ["/(a*)*b", ["/b", "/aaab"], ["/ba"]],
    ["/(a*)+b", ["/b", "/aaab"], ["/ba"]],
  ])("%s", (pattern, yes, no) => {
    for (const path of yes) expect(matches(pattern, path), JSON.stringify(path)).toBe(true);
    for (const path of no) expect(matches(pattern, path), JSON.stringify(path)).toBe(false);
  });
});

describe("what PCRE2 has to match", () => {
  test.each<[pattern: string, yes: string[], no: string[]]>([
    ["/opt/(?=prot).*", ["/opt/prot", "/opt/protected"], ["/opt/other"]],
    ["/opt/(?!prot).*", ["/opt/other"], ["/opt/prot", "/opt/protected"]],
    // Look-ahead sees the byte of the type, here that of a regular file.
    ["/opt/(?!prot-$).*", ["/opt/other", "/opt/prots"], ["/opt/prot"]],
    ["/(?=a.*c)(?!.*x)a.*", ["/abc", "/ac"], ["/ab", "/abxc"]],
    ["/.*(?<=foo)bar", ["/foobar"], ["/fobar", "/bar"]],
    ["/.*(?<!foo)bar", ["/fobar", "/bar"], ["/foobar"]],
    ["/.*(?<=a|bcd)x", ["/ax", "/bcdx"], ["/cdx"]],
    ["(?<!x)/a", ["/a"], ["/b"]],
    ["/(a|b)\\1", ["/aa", "/bb"], ["/ab"]],
    ["/(.*)/\\1", ["/a/a", "/a/b/a/b"], ["/a/b"]],
    ["/(a)?\\1b", ["/aab"], ["/b", "/ab"]],
    ["/(?:(a)|b)*\\1", ["/aa", "/aba"], ["/b", "/ab"]],
    ["/(?:(a)|\\1x)+", ["/a", "/aax"], ["/ax", "/ab"]],
    ["/(a|ab)(c|bcd)(d*)\\3", ["/abcd", "/abcdd"], ["/ab"]],
    ["/(?>a*)ab", [], ["/aab"]],
    ["/(?>a|ab)c", ["/ac"], ["/abc"]],
    ["/(?>(a+)b|a)c?\\1", ["/aabcaa"], ["/aabca"]],
    ["(?=/)/a*+b", ["/aab", "/b"], ["/a"]],
    ["(?=/)/a*+ab", [], ["/aab"]],
    ["(?=/)/a?+a", ["/aa"], ["/a"]],
    ["(?=/)/a{1,2}+a", ["/aaa"], ["/aa"]],
    ["/(?=(a+))\\1b", ["/aab"], ["/b"]],
    ["/(?!(a)b)a.*", ["/ac"], ["/ab"]],
    ["/(?:a|(?=b))*bc", ["/aabc", "/bc"], ["/ac"]],
    ["/(?=(?!x).)[a-z]", ["/a"], ["/x"]],
    ["/\\bfoo\\b.*", ["/foo", "/foo bar"], ["/foobar"]],
    ["/x\\Bfoo", ["/xfoo"], ["/x-foo"]],
  ])("%s", (pattern, yes, no) => {
    for (const path of yes) expect(matches(pattern, path), JSON.stringify(path)).toBe(true);
    for (const path of no) expect(matches(pattern, path), JSON.stringify(path)).toBe(false);
  });

  test("its dot is not LF; that of the automaton, which knows \\b too, is any byte", () => {
    for (const pattern of [
      "/(?=x).*",
      "/(x)\\1?.*",
      "/x(?>)x?.*",
      "/\\h?x(?>y?).*",
      "/x(?!y)y?+.*",
      "/x(.*|\\Z)",
      "/x(.*|\\h)",
    ]) {
      expect(matches(pattern, "/xab"), pattern).toBe(true);
      expect(matches(pattern, "/xa\nb"), pattern).toBe(false);
      expect(matches(pattern.replace(".", "[^/]"), "/xa\nb"), pattern).toBe(true);
    }
    expect(matches("/x.*\\bb", "/xa\nb")).toBe(true);
    expect(matches("/x\\bb|/xa.b", "/xa\nb")).toBe(true);
  });

  test("a word boundary at the end sees the type", () => {
    expect(matches("/foo\\b", "/foo", "-")).toBe(true);
    expect(matches("/foo\\b", "/foo", "d")).toBe(false);
    expect(matches("/foo\\B", "/foo", "d")).toBe(true);
  });
});

describe("what is refused, and where", () => {
  test.each<[pattern: string, offset: number]>([
    ["/a)", 2],
    ["/(a", 1],
    ["/(?=a", 1],
    ["/a)|(b", 2],
    ["*/a", 0],
    ["/(*a)", 2],
    ["/(|+a)", 3],
    ["/a**", 3],
    ["/a+*", 3],
    ["/a+?*", 4],
    ["/a++?", 4],
    ["/a{2}{3}", 5],
    // Rust reads (?:a*)+, PCRE2 never gives back; beside what only PCRE2 knows they are accepted.
    ["/a*+b", 3],
    ["/(a++|b?+)\\b", 4],
    ["/a{2}+", 5],
    ["/a{2", 2],
    ["/a{", 3],
    ["/a{,3}", 3],
    ["/a{x}", 3],
    ["/{a}", 2],
    ["/a{3,2}", 2],
    ["/a{2, 3}", 5],
    ["/^*", 2],
    ["/\\b{2}", 3],
    ["/(?=a)*", 6],
    ["/\xc3\xa9+", 2],
    ["/a\\", 2],
    ["/[a", 1],
    ["/[", 1],
    ["/[]", 1],
    ["/[a\\", 4],
    ["/[a-", 4],
    ["/[c-a]", 2],
    ["/[a-\\d]", 2],
    ["/[\\d-z]", 4],
    ["/[a[b]", 3],
    ["/[a-[:digit:]]", 4],
    ["/[[:digit:]-a]", 11],
    ["/[[:nothing:]]", 2],
    ["/[[.a.]]", 2],
    ["/[[=a=]]", 2],
    ["/[:digit:]", 1],
    ["/[.a.]", 1],
    ["/[a&&b]", 3],
    ["/[a~~b]", 3],
    ["/[a--b]", 3],
    ["/[--b]", 2],
    ["/[+--]", 3],
    ["/[\xc3\xa9]", 2],
    ["/[a-\xc3\xa9]", 4],
    ["/[\\b]", 2],
    ["/[\\Q]", 2],
    ["/[\\1]", 2],
    ["/[\\<]", 2],
    ["/\\<a", 1],
    ["/a\\>", 2],
    ["/\\Qa.b\\E", 1],
    ["/\\p{L}", 1],
    ["/\\pL", 1],
    ["/\\R", 1],
    ["/\\N", 1],
    ["/\\K", 1],
    ["/\\G", 1],
    ["/\\X", 1],
    ["/\\C", 1],
    ["/\\v", 1],
    ["/\\V", 1],
    ["/\\H", 1],
    ["/\\e", 1],
    ["/\\cA", 1],
    ["/\\0", 1],
    ["/\\012", 1],
    ["/(a)\\10", 4],
    ["/(a)\\2", 4],
    ["/\\1", 1],
    ["/(?:\\1x|(a))+", 4],
    ["/(a\\1?)", 3],
    ["/(a)\\g1", 4],
    ["/(a)\\k<a>", 4],
    ["/\\x4", 1],
    ["/\\x{41}", 1],
    ["/\\xg0", 1],
    ["/\\u0041", 1],
    ["/\\y", 1],
    ["/\\\xc3\xa9", 1],
    ["/(?i)a", 1],
    ["/(?i:a)", 1],
    ["/(?-i)a", 1],
    ["/(?x) a", 1],
    ["/(?#c)", 1],
    ["/(?<n>a)", 1],
    ["/(?P<n>a)", 1],
    ["/(?|a)", 1],
    ["/(?R)", 1],
    ["/(?1)", 1],
    ["/(?(1)a)", 1],
    ["/(?", 1],
    ["/(?<=a+)b", 1],
    ["/(?<=(a|bc))d", 1],
    ["/(?<!a?)b", 1],
    ["/(a)(?<=\\1)b", 4],
  ])("%s at byte %i", (pattern, offset) => {
    expect(() => parse(pattern)).toThrow(
      expect.objectContaining({ code: "SELINUX_PATTERN", data: { path: "file_contexts", line: 7, offset } }),
    );
  });

  test("the message says where and what", () => {
    expect(() => parse("/x\\pL")).toThrow(
      /^file_contexts line 7, byte 2 of the pattern: the escape of "p" is not supported$/,
    );
    expect(() => parse("/\x1b\\\x1b")).toThrow(/the byte 0x1b/);
  });
});

describe("limits, and one beyond", () => {
  const limitError = (limit: number, actual = limit + 1) =>
    expect.objectContaining({ code: "SELINUX_LIMIT", data: expect.objectContaining({ line: 7, limit, actual }) });

  test("bytes of a pattern", () => {
    const limit = SELINUX_LIMITS.patternBytes;
    parse("x".repeat(limit));
    expect(() => parse("x".repeat(limit + 1))).toThrow(limitError(limit));
  });

  test("depth of groups", () => {
    const limit = SELINUX_LIMITS.patternDepth;
    for (const open of ["(", "(?:", "(?=", "(?<!", "(?>"]) {
      parse(open.repeat(limit) + ")".repeat(limit));
      expect(() => parse(open.repeat(limit + 1) + ")".repeat(limit + 1))).toThrow(limitError(limit));
      expect(() => parse(open.repeat(10_000))).toThrow(limitError(limit));
    }
  });

  test("counts of a repetition", () => {
    const limit = SELINUX_LIMITS.repeatCount;
    parse(`a{${limit}}`);
    expect(() => parse(`a{${limit + 1}}`)).toThrow(limitError(limit));
    expect(() => parse(`a{0,${limit + 1}}`)).toThrow(limitError(limit));
    expect(() => parse(`a{${"9".repeat(1000)}}`)).toThrow(limitError(limit, Number.MAX_SAFE_INTEGER));
  });
});
