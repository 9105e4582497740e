/** The kernel's list of mounts: every kind of line, escapes, stacks. */
import { describe, expect, test } from "vitest";
import { parseMountinfo, readMountinfo, topMount } from "../../../src/linux/mountinfo.node.ts";

const parse = (text: string) => parseMountinfo(Buffer.from(text, "latin1"));

describe("a line", () => {
  test("as proc_pid_mountinfo(5) shows it", () => {
    expect(parse("36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n")).toEqual([
      {
        id: 36,
        parent: 35,
        device: "98:0",
        target: Buffer.from("/mnt2"),
        options: ["rw", "noatime"],
        type: "ext3",
        source: Buffer.from("/dev/root"),
        fileSystemOptions: [
          ["rw", null],
          ["errors", Buffer.from("continue")],
        ],
      },
    ]);
  });

  test.each([
    ["no optional fields", "1 0 0:1 / / rw - proc proc rw", "proc"],
    ["several", "1 0 0:1 / / rw shared:1 master:2 unbindable - proc proc rw", "proc"],
    ["a source of nothing", "1 0 0:1 / / rw -  none rw", ""],
    ["a dash as source", "1 0 0:1 / / rw - tmpfs - rw", "tmpfs"],
  ])("with %s", (_, line, type) => {
    expect(parse(`${line}\n`)[0]!.type).toBe(type);
  });

  test("escapes are octal, other bytes are themselves", () => {
    const [mount] = parse(
      "1 0 0:1 / /a\\040b\\011\\012\\134040\xff rw - erofs a\\040b rw,lowerdir=/a\\134\\054b:/c,x\\054y\n",
    );
    expect(mount!.target).toEqual(Buffer.from("/a b\t\n\\040\xff", "latin1"));
    expect(mount!.source).toEqual(Buffer.from("a b"));
    expect(mount!.fileSystemOptions).toEqual([
      ["rw", null],
      ["lowerdir", Buffer.from("/a\\,b:/c")],
      ["x,y", null],
    ]);
  });

  test.each([
    "x",
    "1 0 0:1 / / rw shared:1 proc proc rw",
    "1 0 0:1 / / rw - proc proc",
    "a 0 0:1 / / rw - proc proc rw",
  ])("of another form is refused with its number: %j", (line) => {
    expect(() => parse(`1 0 0:1 / / rw - proc proc rw\n${line}\n`)).toThrow(
      expect.objectContaining({ code: "LINUX_MOUNTINFO", data: { line: 2 } }),
    );
  });
});

describe("what is on top", () => {
  const lines = [
    "1 0 8:1 / / rw - ext4 /dev/sda1 rw",
    "2 1 7:0 / /mnt ro - erofs /dev/loop0 ro",
    "4 3 0:9 / /mnt ro - overlay composefs ro",
    "3 2 0:8 / /mnt rw - tmpfs tmpfs rw",
    "5 1 0:7 / /mnt/below rw - tmpfs tmpfs rw",
  ];
  const top = (target: string) => topMount(parse(`${lines.join("\n")}\n`), Buffer.from(target))?.id;

  test("is the mount that no other at the same place has as its parent", () => {
    expect(top("/mnt")).toBe(4);
    expect(top("/")).toBe(1);
    expect(top("/mnt/below")).toBe(5);
  });

  test("is nothing where nothing is mounted", () => {
    expect(top("/mn")).toBeUndefined();
  });
});

test.skipIf(process.platform !== "linux")("this system's own list is read (needs Linux)", () => {
  const mounts = readMountinfo();
  expect(topMount(mounts, Buffer.from("/proc"))?.type).toBe("proc");
});

test("a hundred thousand mounts take no time", () => {
  const lines = Array.from({ length: 100_000 }, (_, i) => `${i + 1} ${i} 0:1 / /mnt rw - tmpfs tmpfs rw,a=b\n`);
  const began = performance.now();
  expect(topMount(parse(lines.join("")), Buffer.from("/mnt"))?.id).toBe(100_000);
  expect(performance.now() - began).toBeLessThan(5_000);
});
