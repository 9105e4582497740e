/**
 * The two disks of the guest, plain files that mke2fs fills without a mount and without root:
 *
 *   programs   read-only, ext4 without fs-verity: node, the libraries of the guest's Debian, the built package with the
 *              packages it needs, the check list; /composefs is the project
 *   data       ext4 with fs-verity: /repo with the objects and images of the tree, /signed with what openssl signed, /web
 *              an image in an OCI layout
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { verityDigest } from "../../build/src/index.js";
import { makeLayout, writeLayout } from "../support/oci/forms.mjs";
import { makeLayers } from "../support/oci/images.mjs";
import { addImage } from "./repository.mjs";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const PROGRAMS_SIZE = "400M";
/** Small, since one check searches it for the bytes of a file. */
const DATA_SIZE = "24M";
/** The images: format and hash. */
const IMAGES = [
  ["v0", "sha256"],
  ["v1", "sha256"],
  ["v2", "sha256"],
  ["v2", "sha512"],
];

/** Runs a program. @returns its output @throws when it fails */
export function run(command, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { maxBuffer: 1 << 28, ...options });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed: ${error ?? stderr}`);
  return stdout;
}

/** Makes a disk of a directory. @param features as mke2fs -O takes them */
function makeDisk(folder, disk, size, features) {
  run("mke2fs", ["-q", "-F", "-t", "ext4", "-b", "4096", "-O", features, "-d", folder, disk, size]);
}

/** The disk of programs. @param guestRoot the unpacked packages */
export function programsDisk(work, guestRoot) {
  const root = join(work, "programs");
  for (const folder of ["proc", "sys", "dev", "tmp", "run", "data", "usr/bin"])
    mkdirSync(join(root, folder), { recursive: true });
  for (const folder of ["usr/bin", "usr/lib", "usr/lib64"]) {
    cpSync(join(guestRoot, folder), join(root, folder), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (name) => !/\/(modules|gconv|systemd)(\/|$)/.test(name),
    });
  }
  for (const folder of ["bin", "lib", "lib64"]) symlinkSync(`usr/${folder}`, join(root, folder));
  symlinkSync("busybox", join(root, "usr/bin/env"));
  cpSync(process.execPath, join(root, "usr/bin/node"));
  const project = join(root, "composefs");
  for (const name of [
    "package.json",
    "README.md",
    "build/engine.wasm",
    "build/src",
    "build/assembly",
    "test/kernel",
    "test/support",
  ]) {
    cpSync(join(PROJECT, name), join(project, name), { recursive: true });
  }
  for (const name of packagesOf(join(PROJECT, "package.json"))) {
    cpSync(join(PROJECT, "node_modules", name), join(project, "node_modules", name), {
      recursive: true,
      dereference: true,
    });
  }
  const disk = join(work, "programs.img");
  makeDisk(root, disk, PROGRAMS_SIZE, "^has_journal,^verity");
  return disk;
}

/** Names of the packages that a package needs when it runs, and of those that they need; only what is installed. */
function packagesOf(manifest, found = new Set()) {
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync(manifest, "utf8"));
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const path = join(PROJECT, "node_modules", name, "package.json");
    if (found.has(name) || !existsSync(path)) continue;
    found.add(name);
    packagesOf(path, found);
  }
  return found;
}

/** The disk of data. */
export async function dataDisk(work) {
  const root = join(work, "data");
  const write = (path, content) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  const images = [];
  for (const [format, hash] of IMAGES) images.push(await addImage(join(root, "repo"), format, hash));
  write("images.json", JSON.stringify(images));
  mkdirSync(join(root, "web"));
  writeLayout(makeLayout(makeLayers("base", { seed: 1 }), { compression: "gzip" }), join(root, "web"));
  await writeSignatures(work, write, images.find(({ format }) => format === "v1").digest);
  const disk = join(work, "data.img");
  makeDisk(root, disk, DATA_SIZE, "verity,^has_journal");
  return disk;
}

/** Certificates and signatures: of a small file, and of an image. */
async function writeSignatures(work, write, imageDigest) {
  const content = Buffer.from("signed content\n");
  const digest = await verityDigest(content);
  const at = (name) => join(work, name);
  for (const name of ["known", "unknown"]) {
    const [key, certificate] = [at(`${name}.key`), at(`${name}.pem`)];
    const subject = ["-subj", `/CN=composefs kernel test, ${name} signer`, "-days", "3650"];
    run("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", ...subject, "-keyout", key, "-out", certificate]);
    write(`signed/${name}.der`, run("openssl", ["x509", "-in", certificate, "-outform", "der"]));
  }
  write("signed/file", content);
  write("signed/file.sig", sign(at("known"), digest));
  write("signed/file-unknown.sig", sign(at("unknown"), digest));
  write("signed/image.sig", sign(at("known"), imageDigest));
  // The kernel knows no RSA-PSS.
  write("signed/file-pss.sig", sign(at("known"), digest, ["-keyopt", "rsa_padding_mode:pss"]));
  write("signed/file-cut.sig", sign(at("known"), digest).subarray(0, 100));
}

/** Signs a SHA-256 fs-verity digest the way the kernel reads it (signatures.md 2). @param options of openssl cms */
function sign(signer, digest, options = []) {
  const header = Buffer.alloc(12);
  header.write("FSVerity");
  header.writeUInt16LE(1, 8);
  header.writeUInt16LE(32, 10);
  const input = Buffer.concat([header, Buffer.from(digest, "hex")]);
  const form = ["-binary", "-md", "sha256", "-outform", "DER", "-noattr", "-nocerts"];
  const command = options.length === 0 ? "smime" : "cms";
  const who = ["-signer", `${signer}.pem`, "-inkey", `${signer}.key`];
  return run("openssl", [command, "-sign", ...form, ...who, ...options], { input });
}
