/** Operands that name container images. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseOperand } from "../../../src/source/operand.node.ts";
import { emptyFolder } from "../cli/run.ts";

test.each([
  ["x", null, "x", null],
  ["a:b", null, "a:b", null],
  ["-", null, null, null],
  ["oci:x", "oci", "x", null],
  ["oci:x:tag", "oci", "x", "tag"],
  ["oci:a:b:tag", "oci", "a:b", "tag"],
  ["oci:a:b/c", "oci", "a:b/c", null],
  ["oci:a:b/", "oci", "a:b/", null],
  ["oci:a:b/c:tag", "oci", "a:b/c", "tag"],
  ["oci:x:", "oci", "x:", null],
  ["oci::tag", "oci", ":tag", null],
  ["oci:-", "oci", "-", null],
  ["oci:a\nb:tag", "oci", "a\nb", "tag"],
  ["oci-archive:x.tar:tag", "oci-archive", "x.tar", "tag"],
  ["oci-archive:-:tag", "oci-archive", null, "tag"],
  ["tar:x:y", "tar", "x:y", null],
  ["tar:-", "tar", null, null],
  ["docker-archive:/no/such:tag", "docker-archive", "/no/such:tag", null],
  ["docker-archive:-:a/b:c", "docker-archive", null, "a/b:c"],
  ["oci-layout:x", null, "oci-layout:x", null],
  ["OCI:x", null, "OCI:x", null],
] as const)("%j", (operand, kind, path, reference) => {
  expect(parseOperand(operand)).toEqual({ kind, path, reference });
});

test.each([
  ["oci:C:\\out\\web", "C:\\out\\web", null],
  ["oci:C:\\out\\web:tag", "C:\\out\\web", "tag"],
  ["oci:C:/out/web", "C:/out/web", null],
  ["oci:C:/out/web:tag", "C:/out/web", "tag"],
  ["oci-archive:C:\\a.tar", "C:\\a.tar", null],
  ["oci:out\\web:tag", "out\\web", "tag"],
  ["oci:\\\\host\\share\\web:tag", "\\\\host\\share\\web", "tag"],
])("on Windows %j", (operand, path, reference) => {
  expect(parseOperand(operand, "\\")).toMatchObject({ path, reference });
});

test("elsewhere a backslash is a character like others", () => {
  expect(parseOperand("oci:x:a\\b", "/")).toEqual({ kind: "oci", path: "x", reference: "a\\b" });
});

test("of a docker-save archive the shortest part that exists is the file", () => {
  const folder = emptyFolder();
  const file = join(folder, "x");
  writeFileSync(file, "");
  const of = (operand: string) => {
    const { path, reference } = parseOperand(`docker-archive:${operand}`);
    return [path, reference];
  };
  expect(of(file)).toEqual([file, null]);
  expect(of(`${file}:host:5000/a/b:tag`)).toEqual([file, "host:5000/a/b:tag"]);
  mkdirSync(join(folder, "y:z"));
  writeFileSync(join(folder, "y:z", "w"), "");
  expect(of(join(folder, "y:z", "w:tag"))).toEqual([join(folder, "y:z", "w"), "tag"]);
  writeFileSync(`${file}:tag`, "");
  expect(of(`${file}:tag`)).toEqual([`${file}:tag`, null]);
});
