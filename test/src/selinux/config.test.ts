import { expect, test } from "vitest";
import { policyName } from "../../../src/selinux/config.ts";
import { SELINUX_LIMITS } from "../../../src/selinux/limits.ts";
import { bytesOf, textOf } from "./trees.ts";

const nameIn = (config: string) => {
  const name = policyName(bytesOf(config));
  return name === null ? null : textOf(name);
};

test.each<[why: string, config: string, name: string | null]>([
  ["the usual file", "# comment\nSELINUX=enforcing\nSELINUXTYPE=targeted\n", "targeted"],
  ["white space on all sides", " \tSELINUXTYPE\v =  mls \r\n", "mls"],
  ["no LF at the end", "SELINUXTYPE=mls", "mls"],
  ["any case", "SeLinuxType=mls\n", "mls"],
  ["the first line wins", "selinuxtype=a\nSELINUXTYPE=b\n", "a"],
  ["comments fall out by their key", "#SELINUXTYPE=a\n# SELINUXTYPE=b\n", null],
  ["quotes and trailing comments stay", 'SELINUXTYPE="mls" # not\n', '"mls" # not'],
  ["the first = divides", "SELINUXTYPE=a=b\n", "a=b"],
  ["another key that contains it", "XSELINUXTYPE=a\nSELINUXTYPES=b\n", null],
  ["a byte that differs from a letter in the bits of case and more", "SELINUXTYP\x25=a\n", null],
  ["disabled has no influence", "SELINUX=disabled\nSELINUXTYPE=t\n", "t"],
  ["an empty value is a value", "SELINUXTYPE=\n", ""],
  ["no = in the line", "SELINUXTYPE targeted\n", null],
  ["an empty file", "", null],
  ["white space of Unicode: U+00A0, U+3000", "SELINUXTYPE=\xc2\xa0a b\xe3\x80\x80\n", "a b"],
  ["other characters stay: U+00E0, U+200B", "SELINUXTYPE=\xc3\xa0\xe2\x80\x8b\n", "\xc3\xa0\xe2\x80\x8b"],
])("%s", (_, config, name) => {
  expect(nameIn(config)).toBe(name);
});

test("what is not UTF-8 is refused with its line, even behind the line that counts", () => {
  for (const bad of ["\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80"]) {
    const config = bytesOf(`SELINUXTYPE=a\n\n${bad}\n`);
    expect(() => policyName(config)).toThrow(
      expect.objectContaining({ code: "SELINUX_UTF8", data: { path: "config", line: 3 } }),
    );
  }
});

test("the size is limited", () => {
  const config = new Uint8Array(SELINUX_LIMITS.fileBytes + 1).fill(0x20);
  expect(policyName(config.subarray(1))).toBeNull();
  expect(() => policyName(config)).toThrow(expect.objectContaining({ code: "SELINUX_LIMIT" }));
});
