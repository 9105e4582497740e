/** Images whose results other projects state, and small ones like real images. */
import { lin, mod, noise, zeros } from "../content.mjs";
import { Xoshiro256 } from "../random.mjs";
import { dir, dirs, file, hardlink, symlink, whiteout } from "../tar.mjs";
import { image, skeleton } from "./common.mjs";

/** security.capability as a test of composefs-rs has it; no kernel takes it. */
const CAP_UPSTREAM = Buffer.from(`0200000200200000${"00".repeat(12)}`, "hex");

/** /usr and one inline file with a second name, GNU headers. */
export function tiny() {
  const meta = { mtime: 1234567890, format: "gnu" };
  return image([
    [
      dir("usr/", meta),
      file("hello.txt", "hello from test layer\n", meta),
      hardlink("hello-link.txt", "hello.txt", { ...meta, mode: 0 }),
    ],
  ]);
}

/** A layer without directories; no complete image, since it has no /usr. */
export function zerofiles() {
  return image([[0, 4095, 4096, 4097].map((size) => file(`file${size}`, zeros(size), { mode: 0o700 }))]);
}

/** Five layers with a file capability. */
export function base5() {
  const busybox = (name, xattrs = []) => symlink(`usr/bin/${name}`, "busybox", { xattrs });
  return image([
    dirs("usr", "usr/bin", "usr/lib", "usr/share", "etc", "var", "tmp"),
    [...dirs("usr", "usr/bin"), file("usr/bin/busybox", noise(4096, 4096), { mode: 0o755 }), busybox("sh")],
    [
      ...dirs("usr", "usr/bin"),
      ...["ls", "cat", "cp", "mv"].map((name) => busybox(name)),
      busybox("ping", [["security.capability", CAP_UPSTREAM]]),
      busybox("rm"),
    ],
    [
      ...dirs("etc"),
      file("etc/os-release", "ID=test\nVERSION_ID=1.0\n"),
      file("etc/hostname", "test-host"),
      file("etc/passwd", noise(100, 100)),
    ],
    [
      ...dirs("usr", "usr/share", "usr/share/doc"),
      file("usr/share/doc/README", noise(512, 512)),
      ...dirs("var", "var/data"),
      file("var/data/app.json", noise(256, 256)),
    ],
  ]);
}

/** Names with ./ and a root entry. */
export function dotslash(seed) {
  const size = [100, 1000, 5000][seed % 3];
  return image([[...dirs("./", "./usr/", "./usr/share/"), file(`./usr/share/data_${size}`, mod(size, 251))]]);
}

/** A busybox-like image where a directory becomes a symlink. */
export function base(seed) {
  const random = new Xoshiro256(0xba5e0000 + seed);
  const time = 1600000000 + random.below(1000000);
  const folders = ["bin", "etc", "tmp", "usr", "usr/bin", "usr/lib", "usr/share", "usr/share/doc", "var", "var/log"];
  return image([
    [
      ...folders.map((name, i) => dir(name, { mtime: time + i })),
      file("etc/hostname", `container-${seed}\n`, { mtime: time }),
      file("etc/resolv.conf", "nameserver 192.0.2.1\nnameserver 192.0.2.2\n", { mtime: time }),
      file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/usr/sbin/nologin\n"),
      file("usr/bin/busybox", mod(65536, 251), { mode: 0o755, mtime: time }),
      file("usr/lib/libc.so", mod(32768, 241), { mtime: time }),
      file("usr/share/doc/README", lin(1000, 31, seed % 256)),
      file("var/log/messages", mod(8192, 239)),
      symlink("usr/bin/cat", "busybox"),
      symlink("usr/bin/ls", "busybox"),
      symlink("usr/bin/sh", "busybox"),
      symlink("usr/lib/libc.so.6", "libc.so"),
      hardlink("usr/bin/cp", "usr/bin/busybox"),
      symlink("bin", "usr/bin", { mtime: time + 50 }),
    ],
    [
      dir("usr", { mtime: time + 60 }),
      dir("usr/bin", { mtime: time + 61 }),
      file("usr/bin/app", noise(seed, 20000), { mode: 0o755, mtime: time + 62 }),
      dir("etc", { mtime: time + 63 }),
      file("etc/app.conf", "[app]\nthreads=4\n", { mtime: time + 64 }),
    ],
  ]);
}

/** A layer used twice, and an empty one. */
export function repeat(seed) {
  const random = new Xoshiro256(0x4e9ea000 + seed);
  const time = 1500000000 + random.below(1000);
  const first = [
    ...skeleton(random),
    file("etc/one", "1\n", { mtime: time }),
    file("etc/two", mod(100, 7), { mtime: time }),
  ];
  const twice = [
    dir("etc", { mtime: time + 1 }),
    whiteout("etc/.wh.one"),
    file("etc/three", "3\n", { mtime: time + 1 }),
  ];
  const third = [dir("etc", { mtime: time + 2 }), file("etc/one", "back\n", { mtime: time + 2 })];
  return image([first, twice, third, twice, []]);
}
