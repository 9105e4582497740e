/** The lines of the files: boot-transform.md 3.2 and 3.4. */
import { describe, expect, test } from "vitest";
import { SELINUX_LIMITS } from "../../../src/selinux/limits.ts";
import { CONTEXT_FILES, type ContextFile } from "../../../src/selinux/policy.ts";
import { SUBJECT_TYPES, type SubjectType } from "../../../src/selinux/rules.ts";
import { labelOf, labelsOf, policyOf, treeOf } from "./trees.ts";

const failure = (files: Partial<Record<ContextFile, string>>): { code: string; data: object } => {
  try {
    policyOf(files);
  } catch (error) {
    const { code, data } = error as { code: string; data: object };
    return { code, data };
  }
  throw new Error("expected an error");
};

describe("rules", () => {
  test("each type is of its entries only, and no type of all", () => {
    const options: Record<string, SubjectType> = { b: "b", c: "c", d: "d", p: "p", l: "l", s: "s", "-": "-" };
    for (const [option, type] of Object.entries(options)) {
      for (const other of SUBJECT_TYPES) {
        const label = labelOf(`/x any\n/x -${option} typed\n`, "/x", other as SubjectType);
        expect(label, `-${option} and ${other}`).toBe(other === type ? "typed" : "any");
      }
    }
  });

  test("the last rule that matches wins, however special the others are", () => {
    expect(labelOf("/etc/passwd special\n/.* general\n", "/etc/passwd")).toBe("general");
  });

  test("files come in their order", () => {
    const rule = (label: string) => `/x ${label}\n`;
    const tree = treeOf([{ path: "/x", type: "-" }]);
    const labelIn = (files: Partial<Record<ContextFile, string>>) => labelsOf(policyOf(files), tree).get("/x");
    const base = { file_contexts: rule("base") };
    const local = { "file_contexts.local": rule("local") };
    const homedirs = { "file_contexts.homedirs": rule("homedirs") };
    expect(labelIn({ ...homedirs, ...local, ...base })).toBe("homedirs");
    expect(labelIn({ ...local, ...base })).toBe("local");
    expect(labelIn(base)).toBe("base");
  });

  test("<<none>> takes a label away, and may be overruled", () => {
    expect(labelOf("/x.* a\n/x <<none>>\n", "/x")).toBeNull();
    expect(labelOf("/x <<none>>\n/x.* a\n", "/x")).toBe("a");
    expect(labelOf("/x -l <<none>>\n/x.* a\n/x -- <<none>>\n", "/x")).toBeNull();
  });

  test("empty lines, comments, white space of every kind", () => {
    const lines = ["", "   ", "# /x a", "  #/x a", "#", "\t/x \v\t a\r", "\xc2\xa0/y\xe2\x80\x83\xe1\x9a\x80b", "\f"];
    const policy = policyOf({ file_contexts: lines.join("\n") });
    const tree = treeOf(["/x", "/y"].map((path) => ({ path, type: "-" })));
    expect(policy.ruleCount).toBe(2);
    expect(Object.fromEntries(labelsOf(policy, tree))).toEqual({ "/": null, "/x": "a", "/y": "b" });
  });

  test("labels are bytes as they stand, each kept once", () => {
    const policy = policyOf({ file_contexts: "/a \xc3\xa9:#\n/b x\n/c \xc3\xa9:#\n/d <<none>>\n/e <<None>>\n" });
    expect(policy.labels.map((label) => Buffer.from(label).toString("latin1"))).toEqual([
      "\xc3\xa9:#",
      "x",
      "<<None>>",
    ]);
    expect(policy.ruleCount).toBe(5);
  });

  test.each([
    ["one field", "/x\n"],
    ["a type and no label", "/x -d\n"],
    ["an unknown type", "/x -f a\n"],
    ["a type of two letters", "/x -dd a\n"],
    ["a dash alone", "/x - a\n"],
    ["a label with a dash", "/x -a\n"],
    ["more after the label", "/x a b\n"],
    ["more after type and label", "/x -- a b\n"],
    ["a comment after the label", "/x a # b\n"],
  ])("%s is refused with its line", (_, line) => {
    expect(failure({ file_contexts: `# 1\n\n${line}/y a\n` })).toMatchObject({
      code: "SELINUX_LINE",
      data: { path: "file_contexts", line: 3 },
    });
    expect(failure({ file_contexts: "", "file_contexts.homedirs": line })).toMatchObject({
      code: "SELINUX_LINE",
      data: { path: "file_contexts.homedirs", line: 1 },
    });
  });

  test("a zero byte in a pattern matches nothing, in a label it stays", () => {
    expect(labelOf("/x a\n/x\0 b\n/y\0? c\0\n", "/x")).toBe("a");
    expect(labelOf("/x a\n/y\0? c\0\n", "/y")).toBe("c\0");
  });
});

describe("files", () => {
  test("file_contexts must be there; it may be empty", () => {
    expect(failure({ "file_contexts.local": "/x a\n" })).toMatchObject({ code: "SELINUX_MISSING" });
    expect(policyOf({ file_contexts: "" })).toMatchObject({ ruleCount: 0, labels: [] });
  });

  test.each(CONTEXT_FILES)("%s must be UTF-8", (file) => {
    const bad = { file_contexts: "", [file]: "# \xc3\xa9\n# \xe9\n" };
    expect(failure(bad)).toEqual({ code: "SELINUX_UTF8", data: { path: file, line: 2 } });
  });

  test("a huge line takes no longer than its bytes", () => {
    const spaces = " ".repeat(10_000_000);
    expect(policyOf({ file_contexts: `/x${spaces}a${spaces}\n#${"x".repeat(10_000_000)}` }).ruleCount).toBe(1);
  });
});

describe("substitutions", () => {
  const labels = (files: Partial<Record<ContextFile, string>>, ...paths: string[]) =>
    Object.fromEntries(labelsOf(policyOf(files), treeOf(paths.map((path) => ({ path, type: "-" })))));

  test("an alias takes its place from there down, and once only", () => {
    const found = labels(
      {
        file_contexts: "/a(/.*)? a\n/b(/.*)? b\n/c(/.*)? c\n",
        "file_contexts.subs": "/a /b\n/b /c\n/b/deep /c\n",
      },
      "/a/x",
      "/b/x",
      "/a/deep/x",
      "/aa",
    );
    // Below /a the path is that of /b, and /b/deep is an alias too.
    expect(found).toMatchObject({ "/a": "b", "/a/x": "b", "/b": "c", "/b/x": "c", "/a/deep": "c", "/a/deep/x": "c" });
    expect(found["/aa"]).toBeNull();
  });

  test("a leaf may be one, the root may not", () => {
    const files = { file_contexts: "/ root\n/b b\n", "file_contexts.subs": "/x /b\n/ /b\n" };
    expect(labels(files, "/x")).toEqual({ "/": "root", "/x": "b" });
  });

  test("the later line wins, and subs_dist comes after subs", () => {
    const files = {
      file_contexts: "/a a\n/b b\n/c c\n",
      "file_contexts.subs": "/x /a\n/x /b\n",
    };
    expect(labels(files, "/x")["/x"]).toBe("b");
    expect(labels({ ...files, "file_contexts.subs_dist": "/x /c\n" }, "/x")["/x"]).toBe("c");
  });

  test("paths are compared as they stand: no prefix, no slash at the end, bytes", () => {
    const files = {
      file_contexts: "/.* other\n/b.* b\n",
      "file_contexts.subs": "/run/ /b\n/x\xc3\xa9 /b/\xc3\xa9\n",
    };
    expect(labels(files, "/run/x", "/x\xc3\xa9")).toMatchObject({
      "/run": "other",
      "/run/x": "other",
      "/x\xc3\xa9": "b",
    });
  });

  test("a slash stands between path and name, unless the original ends with one", () => {
    const files = {
      file_contexts: "/x top\n/b/x one\n/b//x two\nrel/x relative\n",
      "file_contexts.subs": "/root /\n/slash /b/\n/plain /b\n/rel rel\n",
    };
    expect(labels(files, "/root/x", "/slash/x", "/plain/x", "/rel/x")).toMatchObject({
      "/root/x": "top",
      "/slash/x": "one",
      "/plain/x": "one",
      "/rel/x": "relative",
    });
  });

  test.each([
    ["one field", "/x\n"],
    ["three", "/x /y /z\n"],
    ["a comment at the end", "/x /y #\n"],
  ])("%s is refused with its line", (_, line) => {
    for (const file of ["file_contexts.subs", "file_contexts.subs_dist"] as const) {
      expect(failure({ file_contexts: "", [file]: `# 1\n${line}` })).toMatchObject({
        code: "SELINUX_LINE",
        data: { path: file, line: 2 },
      });
    }
  });

  test("the length of both is limited", () => {
    const limit = SELINUX_LIMITS.aliasBytes;
    const long = `/${"x".repeat(limit - 1)}`;
    const compile = (line: string) => policyOf({ file_contexts: "", "file_contexts.subs": line });
    compile(`${long} /a\n/a ${long}\n`);
    for (const line of [`${long}x /a`, `/a ${long}x`]) {
      expect(() => compile(line)).toThrow(
        expect.objectContaining({ code: "SELINUX_LIMIT", data: expect.objectContaining({ limit, actual: limit + 1 }) }),
      );
    }
  });

  test("the bytes of all are limited", () => {
    const limit = SELINUX_LIMITS.aliasBytesAll;
    // 256 aliases of 4096 bytes, of which 16 each have the first byte in common; bytes in common count once.
    const letters = [..."abcdefghijklmnop"];
    const lines = letters.flatMap((a) => letters.map((b) => `${(a + b).padEnd(4096, "x")} /a\n`)).join("");
    const rest = limit - 1 - 16 - 256 * 4095;
    const compile = (bytes: number) =>
      policyOf({ file_contexts: "", "file_contexts.subs": `${lines}${"/".repeat(bytes)} /a\n` });
    compile(rest);
    expect(() => compile(rest + 1)).toThrow(
      expect.objectContaining({ code: "SELINUX_LIMIT", data: expect.objectContaining({ limit, actual: limit + 1 }) }),
    );
  });
});
