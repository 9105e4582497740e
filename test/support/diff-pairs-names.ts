/** Pairs of trees that differ in names and content: see `diff-pairs.ts`. */

import {
  add,
  DIGEST,
  type DiffPair,
  directory,
  file,
  isLink,
  later,
  OTHER,
  objectPath,
  PASSWD,
  pair,
  readLine,
  remove,
  set,
} from "./diff-edits.ts";

export const NAME_PAIRS: DiffPair[] = [
  pair(
    "a file was added",
    { b: [add(file("/etc/new"))] },
    { classes: { added: 1 }, hints: [], equalAfter: [], remaining: { added: 1 } },
  ),
  pair(
    "a directory was removed with all that it held",
    { b: [remove("/bin")] },
    { classes: { removed: 6 }, hints: [], equalAfter: [], remaining: { removed: 6 } },
  ),
  pair(
    "a file became a directory",
    { b: [remove("/etc/group"), add(directory("/etc/group"), file("/etc/group/root"))] },
    { classes: { added: 1, type: 1 }, hints: [], equalAfter: [], remaining: { added: 1, type: 1 } },
  ),
  pair(
    "the system was running: /run has content",
    { b: [add(directory("/run/lock"), file("/run/lock/a")), later(({ path }) => path === "/run", 9)] },
    {
      classes: { added: 2, "mtime-seconds": 1 },
      hints: ["run-content"],
      equalAfter: ["run-content"],
    },
  ),
  pair(
    "content of /dev, /proc, /sys and /tmp",
    {
      a: ["/dev", "/proc", "/sys", "/tmp"].map((path) => add(directory(path))),
      b: ["/dev", "/proc", "/sys", "/tmp"].map((path) => add(directory(path), file(`${path}/x`))),
    },
    {
      classes: { added: 4 },
      hints: ["dev-content", "proc-content", "sys-content", "tmp-content"],
      equalAfter: ["dev-content", "proc-content", "sys-content", "tmp-content"],
    },
  ),
  pair(
    "docker export",
    { b: [add(file("/.dockerenv"), file("/etc/hosts"))] },
    { classes: { added: 2 }, hints: ["container-export"], equalAfter: [], remaining: { added: 2 } },
  ),
  pair(
    "read inside a podman container",
    { a: [add(file("/run/.containerenv"))], b: [] },
    { classes: { removed: 1 }, hints: ["run-content", "container-inside"], equalAfter: ["run-content"] },
  ),
  pair(
    "lost+found",
    { b: [add(directory("/lost+found"))] },
    { classes: { added: 1 }, hints: ["lost-and-found"], equalAfter: [], remaining: { added: 1 } },
  ),
  pair(
    "merged /usr",
    {
      b: [remove("/bin"), add("/bin 7 120777 1 0 0 0 1700000001.0 usr/bin - - security.selinux=bin_t")],
    },
    { classes: { removed: 5, type: 1 }, hints: ["usr-merge"], equalAfter: [], remaining: { removed: 5, type: 1 } },
  ),
  pair(
    "a layer with its whiteouts",
    { b: [add("/etc/old 0 20000 1 0 0 0 0.0 - - -")] },
    { classes: { added: 1 }, hints: ["whiteouts"], equalAfter: ["whiteouts"] },
  ),
  pair(
    "a layer unpacked without applying whiteouts",
    { b: [add(file("/etc/.wh.old"), file("/etc/.wh..wh..opq"))] },
    { classes: { added: 2 }, hints: ["whiteouts"], equalAfter: ["whiteouts"] },
  ),
  pair(
    "a file was deleted by a whiteout",
    { b: [remove("/etc/group"), add("/etc/group 0 20000 1 0 0 0 0.0 - - -")] },
    { classes: { type: 1 }, hints: ["whiteouts"], equalAfter: [], remaining: { type: 1 } },
  ),
  pair(
    "one directory too deep",
    {
      b: [
        set(
          (line) => line.path !== "/",
          ({ path }) => ({ path: `/rootfs${path}` }),
        ),
        (lines) =>
          lines.map((line) =>
            isLink(line) ? { ...line, path: `/rootfs${line.path}`, payload: `/rootfs${line.payload}` } : line,
          ),
        (lines) => [lines[0]!, readLine(directory("/rootfs")), ...lines.slice(1)],
      ],
    },
    {
      classes: { added: 16, removed: 15 },
      hints: ["rooted-deeper"],
      equalAfter: [],
      remaining: { added: 16, removed: 15 },
    },
  ),
];

export const CONTENT_PAIRS: DiffPair[] = [
  pair(
    "inline content was edited",
    { b: [set("/etc/group", { content: "wheel:x:\\n" })] },
    { classes: { content: 1 }, hints: [], equalAfter: [], remaining: { content: 1 } },
  ),
  pair(
    "a file grew",
    { b: [set("/etc/group", { size: "10", content: "wheel:x:0\\n" }), set("/bin/su", { size: "50001" })] },
    { classes: { content: 2 }, hints: [], equalAfter: [], remaining: { content: 2 } },
  ),
  pair(
    "another object",
    { b: [set("/bin/su", { digest: OTHER, payload: objectPath(OTHER) })] },
    { classes: { content: 1 }, hints: [], equalAfter: [], remaining: { content: 1 } },
  ),
  pair(
    "a digest was left out",
    { b: [set("/bin/su", { digest: "-" })] },
    { classes: { content: 1 }, hints: ["missing-digests"], equalAfter: ["missing-digests"] },
  ),
  pair(
    "SHA-512 instead of SHA-256",
    { b: [set(({ digest }) => digest !== "-", { digest: DIGEST + OTHER, payload: objectPath(DIGEST + OTHER) })] },
    { classes: { content: 3 }, hints: ["other-hash"], equalAfter: [], remaining: { content: 3 } },
  ),
  pair(
    "the limit for inline content",
    { b: [set("/etc/passwd", { content: "-", digest: PASSWD, payload: objectPath(PASSWD) })] },
    { classes: { "inline-object": 1 }, hints: ["inline-limit"], equalAfter: ["inline-objects"] },
  ),
  pair(
    "an object of the size of inline content, but another one",
    { b: [set("/etc/passwd", { content: "-", digest: OTHER, payload: objectPath(OTHER) })] },
    {
      classes: { content: 1, "inline-object": 1 },
      hints: ["inline-limit"],
      equalAfter: ["inline-objects"],
      remaining: { content: 1 },
    },
  ),
  pair(
    "another layout of the object store",
    {
      b: [
        set(
          ({ digest }) => digest !== "-",
          ({ digest }) => ({ payload: `sha256/${digest}` }),
        ),
      ],
    },
    { classes: { "object-path": 3 }, hints: ["object-layout"], equalAfter: ["object-paths"] },
  ),
  pair(
    "another symlink target",
    { b: [set("/bin/vi", { size: "3", payload: "vim" })] },
    { classes: { target: 1 }, hints: [], equalAfter: [], remaining: { target: 1 } },
  ),
  pair(
    "another device",
    { b: [set("/null", { rdev: "261" })] },
    { classes: { device: 1 }, hints: [], equalAfter: [], remaining: { device: 1 } },
  ),
  pair(
    "a device became a whiteout",
    { b: [set("/null", { rdev: "0" })] },
    { classes: { device: 1 }, hints: ["whiteouts"], equalAfter: [], remaining: { device: 1 } },
  ),
];
