/** Commands as a shell takes them. */
import { expect, test } from "vitest";
import {
  commandText,
  fileName,
  imageCommand,
  shellQuote,
  walkCommand,
} from "../../../../../src/inspector/page/model/command.ts";
import type { Opened } from "../../../../../src/inspector/protocol.ts";

const container = {
  kind: "oci-archive",
  operand: "my image.tar",
  choiceOptions: ["--platform", "linux/arm64"],
  viewOptions: ["--role", "bootable"],
  layers: [{}],
} as unknown as Opened;
const erofs = {
  ...container,
  kind: "erofs",
  operand: "root.cfs",
  choiceOptions: [],
  viewOptions: [],
  layers: [],
} as Opened;

test.each([
  ["plain-name_1.tar", "plain-name_1.tar"],
  ["a b", "'a b'"],
  ["it's", "'it'\\''s'"],
  ["$(rm)", "'$(rm)'"],
  ["", "''"],
])("%s", (text, quoted) => expect(shellQuote(text)).toBe(quoted));

test("options that choose image and tree are part of every command", () => {
  expect(commandText("ls -R", container, ["/usr"])).toBe(
    "composefs ls -R 'my image.tar' /usr --platform linux/arm64 --role bootable",
  );
});

test("an image is made before it is walked, unless it is one", () => {
  expect(walkCommand(erofs, "v1-sha256-12", { offset: 1024, bytes: 128 })).toBe(
    "composefs walk root.cfs --from 1024 --to 1152",
  );
  expect(walkCommand(container, "v1-sha512-12")).toMatch(/^composefs mkfs .* && composefs walk image\.cfs$/);
});

test("the hash is said where objects are hashed anew", () => {
  expect(imageCommand(container, "x.cfs", "v0-sha256-12")).toContain("x.cfs -f v0 --hash sha256");
  expect(imageCommand(erofs, "x.cfs", "v0-sha256-12")).not.toContain("--hash");
});

test.each([
  ["debian.oci.tar", ".cfs", "debian.cfs"],
  ["ghcr.io/org/app:latest", ".dump", "app-latest.dump"],
  [".tar", ".json", "image.json"],
  ["root.cfs", ".dump", "root.dump"],
])("what is made of %s, ending in %s, is %s", (name, suffix, file) => expect(fileName(name, suffix)).toBe(file));

test("no command writes over its own input", () => {
  expect(fileName("root.dump", ".dump")).toBe("root-new.dump");
  expect(fileName("root.cfs", ".cfs")).toBe("root-new.cfs");
});
