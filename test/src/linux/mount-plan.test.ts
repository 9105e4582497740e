/** Plans, and the scripts that they are printed as. */
import { describe, expect, test } from "vitest";
import { mountPlan, planScript, VERITY_MODES } from "../../../src/linux/mount-plan.node.ts";

const REQUEST = { image: "/repo/images/3f", repo: "/repo", target: "/mnt" };
const script = (request: Parameters<typeof mountPlan>[0]) => planScript(mountPlan(request)).toString("latin1");

describe("the script", () => {
  test("mounts the image and the overlay, and takes the image back when the overlay fails", () => {
    expect(script(REQUEST)).toBe(
      `mount -t erofs -o ro /repo/images/3f /mnt || mount -t erofs -o ro,loop /repo/images/3f /mnt || exit 1
env LIBMOUNT_FORCE_MOUNT2=always mount -t overlay -o ro,metacopy=on,redirect_dir=on,verity=require,lowerdir=/mnt::/repo/objects composefs /mnt || { umount /mnt; exit 1; }
`,
    );
  });

  test.each(VERITY_MODES)("verity=%s", (verity) => {
    expect(script({ ...REQUEST, verity })).toContain(`,verity=${verity},lowerdir=`);
  });

  test("an upper layer makes it writable", () => {
    expect(script({ ...REQUEST, upper: "/u", work: "/w" })).toContain(
      "-o rw,metacopy=on,redirect_dir=on,verity=require,lowerdir=/mnt::/repo/objects,upperdir=/u,workdir=/w composefs",
    );
  });

  test("paths are quoted for the shell, and in options for overlay", () => {
    const path = Buffer.from("/it's a,b:c\\\xff", "latin1");
    const text = script({ ...REQUEST, repo: path, target: path, image: path });
    expect(text).toContain("mount -t erofs -o ro '/it'\\''s a,b:c\\\xff' '/it'\\''s a,b:c\\\xff'");
    const option = "/it'\\''s a\\,b\\:c\\\\\xff";
    expect(text).toContain(`verity=require,lowerdir=${option}::${option}/objects' composefs`);
  });
});

test.each(["repo", "target", "upper", "work"])("a quotation mark in %s is refused", (name) => {
  const request = { ...REQUEST, upper: "/u", work: "/w", [name]: '/a"b' };
  expect(() => mountPlan(request)).toThrow(
    expect.objectContaining({ code: "LINUX_MOUNT_PATH", data: { path: name === "repo" ? '/a"b/objects' : '/a"b' } }),
  );
});

test("a quotation mark in the image is not, since the image stands in no option", () => {
  expect(script({ ...REQUEST, image: '/a"b' })).toContain("ro '/a\"b' /mnt");
});

test("options of 4095 bytes are taken, one more is not", () => {
  const options = (padding: number) => {
    const request = { ...REQUEST, repo: `/${"r".repeat(padding)}` };
    return String(mountPlan(request)[1]!.run[6]);
  };
  const padding = 4095 - options(1).length + 1;
  expect(options(padding).length).toBe(4095);
  expect(() => options(padding + 1)).toThrow(
    expect.objectContaining({ code: "LINUX_MOUNT_PATH", data: { actual: 4096, limit: 4095 } }),
  );
});
