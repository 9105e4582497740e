/** What the options of a mount say, from texts as the kernel writes them. */
import { describe, expect, test } from "vitest";
import { findComposefs, reportOf } from "../../../src/linux/mount-check.node.ts";
import { parseMountinfo } from "../../../src/linux/mountinfo.node.ts";

const EROFS = "63 43 7:0 / /mnt ro,relatime - erofs /dev/loop0 ro,user_xattr,acl,cache_strategy=readaround";
const OVERLAY = "66 63 0:39 / /mnt ro,relatime - overlay composefs ro";
const LAYERS = "lowerdir=/mnt::/repo/objects,redirect_dir=on,metacopy=on";
const MEASURED = { hash: "sha256", digest: "3f".repeat(32) } as const;

const find = (...lines: string[]) =>
  findComposefs(parseMountinfo(Buffer.from(lines.map((line) => `${line}\n`).join(""), "latin1")), Buffer.from("/mnt"));

describe("a composefs mount", () => {
  test("is an overlay with a data-only layer, and the image below it", () => {
    const { image, lower, data } = find(EROFS, `${OVERLAY},${LAYERS}`);
    expect(image?.source.toString()).toBe("/dev/loop0");
    expect(lower.map(String)).toEqual(["/mnt"]);
    expect(data.map(String)).toEqual(["/repo/objects"]);
  });

  test.each([
    ["lowerdir=/a:/b::/c::/d", ["/a", "/b"], ["/c", "/d"]],
    ["lowerdir=/a\\134:b\\134\\134c::/d\\134\\054e", ["/a:b\\c"], ["/d,e"]],
    ["lowerdir+=/a:b,datadir+=/c,datadir+=/d", ["/a:b"], ["/c", "/d"]],
    ["lowerdir=/a::/b\\134", ["/a"], ["/b\\"]],
  ])("with the layers %s", (options, lower, data) => {
    const found = find(EROFS, `${OVERLAY},${options}`);
    expect(found.lower.map(String)).toEqual(lower);
    expect(found.data.map(String)).toEqual(data);
  });

  test("may have its image where the lower layer says", () => {
    const { image, isStacked } = find(
      "65 43 7:1 / /images/3f ro - erofs /dev/loop1 ro",
      "66 43 0:39 / /mnt ro - overlay composefs ro,lowerdir=/images/3f::/repo/objects",
    );
    expect([image?.device, isStacked]).toEqual(["7:1", false]);
  });

  test("may have its image nowhere", () => {
    expect(find(`66 43 0:39 / /mnt ro - overlay composefs ro,${LAYERS}`).image).toBeNull();
  });

  test.each([
    ["nothing is mounted there", "1 0 0:1 / / rw - ext4 /dev/sda1 rw"],
    ["found a mount of type erofs", EROFS],
    ["found one without", `${OVERLAY},lowerdir=/a:/b`],
    ["found one without", OVERLAY],
  ])("is not one where %s", (reason, line) => {
    expect(() => find(line)).toThrow(
      expect.objectContaining({ code: "LINUX_NOT_COMPOSEFS", message: expect.stringContaining(reason) }),
    );
  });
});

describe("the report", () => {
  const report = (options: string, state: Parameters<typeof reportOf>[2]) =>
    reportOf(find(EROFS, `${OVERLAY},${LAYERS}${options}`), Buffer.from("/repo/images/3f"), state);
  const topics = (claims: readonly string[]) => claims.map((claim) => claim.split(":")[0]);

  test("of what is enforced whole", () => {
    const found = report(",verity=require", MEASURED);
    expect(found).toMatchObject({ verity: "require", metacopy: true, redirect: true, isReadOnly: true, isLoop: true });
    expect(topics(found.enforced)).toEqual(["content", "image", "changes"]);
    expect(found.notEnforced).toEqual([]);
  });

  test("the kernel shows no verity where it is off", () => {
    const found = report("", MEASURED);
    expect(found.verity).toBe("off");
    expect(topics(found.enforced)).toEqual(["image", "changes"]);
    expect(topics(found.notEnforced)).toEqual(["content"]);
  });

  test("verity=on enforces what has a digest, and not the rest", () => {
    const found = report(",verity=on", MEASURED);
    expect(topics(found.enforced)).toEqual(["content", "image", "changes"]);
    expect(topics(found.notEnforced)).toEqual(["content"]);
  });

  test.each(["off", "unknown"] as const)("an image whose fs-verity is %s is not enforced", (state) => {
    expect(topics(report(",verity=require", state).notEnforced)).toEqual(["image"]);
  });

  test("an upper layer is not checked", () => {
    const found = report(",verity=require,upperdir=/u,workdir=/w", MEASURED);
    expect([String(found.upper), String(found.work)]).toEqual(["/u", "/w"]);
    expect(topics(found.notEnforced)).toEqual(["changes"]);
  });
});
