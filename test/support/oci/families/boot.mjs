/** Bootable trees: a unified kernel image that names the digest of its own tree, with an SELinux policy or without. */

import { unifiedKernelImage } from "../../uki.mjs";
import { mod, noise } from "../content.mjs";
import { Names, Xoshiro256 } from "../random.mjs";
import { dir, dirs, entry, file, hardlink, symlink } from "../tar.mjs";
import { CAP_NET_RAW, image, skeleton } from "./common.mjs";

const FILE_CONTEXTS = `# comment line

/(/.*)?	system_u:object_r:default_t:s0
/	-d	system_u:object_r:root_t:s0
/usr(/.*)?	system_u:object_r:usr_t:s0
/usr/s?bin(/.*)?	system_u:object_r:bin_t:s0
/usr/lib(/.*)?	system_u:object_r:lib_t:s0
/usr/lib/.+\\.so(\\.[^/]*)*	--	system_u:object_r:shlib_t:s0
/usr/lib/modules(/.*)?	system_u:object_r:modules_object_t:s0
/usr/share/doc(/.*)?	<<none>>
/etc(/.*)?	system_u:object_r:etc_t:s0
/etc/[^/]*\\.conf	--	system_u:object_r:etc_conf_t:s0
/etc/shadow.*	--	system_u:object_r:shadow_t:s0
/var(/.*)?	system_u:object_r:var_t:s0
/var/log(/.*)?	-d	system_u:object_r:var_log_dir_t:s0
/var/log(/.*)?	--	system_u:object_r:var_log_t:s0
/var/log/current	-l	system_u:object_r:var_log_link_t:s0
/dev(/.*)?	system_u:object_r:device_t:s0
/dev/[^/]+	-c	system_u:object_r:tty_device_t:s0
/dev/[^/]+	-b	system_u:object_r:fixed_disk_device_t:s0
/dev/[^/]+	-p	system_u:object_r:fifo_t:s0
/boot(/.*)?	system_u:object_r:boot_t:s0
/run(/.*)?	system_u:object_r:var_run_t:s0
/home	-d	system_u:object_r:home_root_t:s0
/opt/(?!private).*	system_u:object_r:opt_public_t:s0
`;

/** Files of the policy beside `file_contexts`, by what follows that name. */
const FURTHER_CONTEXTS = {
  ".local": "/opt/custom(/.*)?\tsystem_u:object_r:custom_t:s0\n/var/log/late --  system_u:object_r:late_t:s0\n",
  ".homedirs": "/home/[^/]+(/.*)?\tuser_u:object_r:user_home_t:s0\n",
  ".subs": "/srv/web /var/log\n",
  ".subs_dist": "# distribution\n/usr/local/lib /usr/lib\n/srv/web\t/home\n",
  ".bin": "never read\n",
};

/** Digest of the V1 image (SHA-256) of the bootable tree of seed 1, in which /boot is empty: its UKI can name it. */
const DIGEST_WITH_POLICY = "88d04ff373ec4e69970b3bb56d4c7e93f602da0ed6e8e8f89202b79db3086cd8";
const DIGEST_WITHOUT_POLICY = "60ceac3c8cf71fff94ca0b5449fb1096c8b2c27238f03fbc8e546377b7ef187a";

function policyFiles() {
  const folders = ["", "/targeted", "/targeted/contexts", "/targeted/contexts/files"];
  const [selinux, ...rest] = folders.map((path) => dir(`etc/selinux${path}`));
  const contexts = "etc/selinux/targeted/contexts/files/file_contexts";
  const config = "# c\n SELINUX = enforcing\nSelinuxType = targeted \nSELINUXTYPE=other\n";
  return [
    selinux,
    file("etc/selinux/config", config),
    ...rest,
    file(contexts, FILE_CONTEXTS),
    ...Object.entries(FURTHER_CONTEXTS).map(([suffix, text]) => file(contexts + suffix, text)),
  ];
}

const FOLDERS =
  "usr/lib/modules usr/share/doc usr/local usr/local/lib var/log boot sysroot home opt srv srv/web dev run tmp".split(
    " ",
  );

function bootable(seed, withPolicy, argument) {
  const random = new Xoshiro256(0xb0070000 + seed);
  const names = new Names(random);
  const time = 1700000000 + random.below(1000000);
  const at = { mtime: time };
  const version = `6.${random.below(20)}.${random.below(50)}`;
  const w = names.take(8);
  const known = withPolicy ? DIGEST_WITH_POLICY : DIGEST_WITHOUT_POLICY;
  const karg = argument ?? `composefs.digest=v1-sha256-12:${seed === 1 ? known : "0".repeat(64)}`;
  const cmdline = `rw quiet "a b=c d" ${karg} console=ttyS0`;
  const osRelease = `ID=test\nPRETTY_NAME="Test ${seed}"\nVERSION_ID=${seed}\n`;
  const lower = [
    ...skeleton(random, FOLDERS),
    file(`usr/bin/${w[0]}`, noise(seed, 9000), {
      ...{ ...at, mode: 0o755 },
      xattrs: [
        ["security.capability", CAP_NET_RAW],
        ["security.selinux", "build_host_t"],
      ],
    }),
    symlink("usr/bin/sh", w[0], at),
    file(`usr/lib/lib${w[1]}.so.1`, mod(500, 5), { ...at, mode: 0o755 }),
    file(`usr/lib/${w[1]}.txt`, "text\n", at),
    file(`usr/local/lib/lib${w[1]}.so`, "aliased\n", at),
    file("usr/share/doc/README", mod(70, 7), at),
    // One inode with two labels, one inode with two names of the same label.
    file("usr/lib/COPYING", mod(674, 11), at),
    hardlink("usr/share/COPYING", "usr/lib/COPYING"),
    hardlink("usr/share/COPYING2", "usr/lib/COPYING"),
    file("usr/share/aaa", "same label\n"),
    hardlink("usr/share/bbb", "usr/share/aaa"),
    file(`etc/${w[2]}.conf`, "k=v\n"),
    file("etc/shadow", "root:*\n", { mode: 0 }),
    file("etc/hostname", "h\n"),
    file("var/log/messages", "log\n"),
    file("var/log/late", "late\n"),
    symlink("var/log/current", "messages"),
    entry("chr", "dev/tty0", { mode: 0o620, dev: [4, 0] }),
    entry("blk", "dev/sda", { mode: 0o660, dev: [8, 0] }),
    entry("fifo", "dev/initctl", { mode: 0o600 }),
    file("dev/plain", "p"),
    dir(`home/${w[3]}`, { mode: 0o700, uid: 1000, gid: 1000 }),
    file(`home/${w[3]}/.profile`, "x\n", { uid: 1000 }),
    file("opt/public", "1"),
    file("opt/private", "2"),
    dir("opt/custom"),
    file("opt/custom/app", "3"),
    file("srv/web/index.html", "<p>\n"),
    file("run/leftover", "x"),
    file("sysroot/ostree", "x"),
    dir(`usr/lib/modules/${version}`),
    file(`usr/lib/modules/${version}/vmlinuz`, mod(5000, 13)),
    file(`usr/lib/modules/${version}/initramfs.img`, mod(6000, 17)),
    ...(withPolicy ? policyFiles() : []),
  ];
  const kernel = `boot/EFI/Linux/test-${version}.efi`;
  const upper = [
    dir("boot", { pax: [["mtime", `${time}.25`]] }),
    ...dirs("boot/EFI", "boot/EFI/Linux"),
    file(kernel, unifiedKernelImage(cmdline, osRelease), { ...at, mode: 0o755 }),
    dir(`${kernel}.extra.d`),
    file(`${kernel}.extra.d/debug.addon.efi`, unifiedKernelImage("debug", "")),
  ];
  return image([lower, upper]);
}

/**
 * With an SELinux policy.
 *
 * @param {string} [argument] the kernel argument in the UKI
 */
export const boot = (seed, _scale, argument) => bootable(seed, true, argument);

/** Without a policy. */
export const bootplain = (seed, _scale, argument) => bootable(seed, false, argument);
