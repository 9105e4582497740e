/** What commands say to somebody who does not know why they refuse: which input is meant, what it is, and what to do. */
import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { makeCertificate } from "../../support/make-certificate.ts";
import { makeForm, makeLayout, writeLayout } from "../../support/oci/forms.mjs";
import { makeLayers } from "../../support/oci/images.mjs";
import { composefs, emptyFolder, pathOf } from "./run.ts";

const ROOT = "/ 0 40755 3 0 0 0 0.0 - - -\n";
/** What gzip and zstd did not make, and what nobody did. */
const XZ = Buffer.from("fd377a585a000004e6d6b446", "hex");

test("help fits a terminal of 80 columns, and one of 60", () => {
  for (const columns of [80, 60]) {
    const { stdout } = spawnSync(
      process.execPath,
      [
        "-e",
        `Object.assign(process.stdout, { isTTY: true, columns: ${columns} });
         process.argv.push("--help"); import(${JSON.stringify(pathOf("composefs"))})`,
        "composefs",
      ],
      { encoding: "utf8" },
    );
    expect(stdout).toContain("verify-signature");
    expect(stdout.split("\n").filter((line) => line.length > columns)).toEqual([]);
  }
});

test.each([
  ["XZ", XZ, "DUMP_NUL_BYTE"],
  [
    "a package",
    Buffer.from("!<arch>\ndebian-binary   1410122664  0     0     100644  4         `\n"),
    "DUMP_ROOT_FIRST",
  ],
])("%s is called unknown, whatever is wrong with it as a dumpfile", (_, bytes, code) => {
  const cwd = emptyFolder();
  writeFileSync(join(cwd, "odd"), bytes);
  for (const command of ["digest", "ls", "lint"]) {
    const { exitCode, stderr } = composefs([command, "odd"], { cwd });
    expect(exitCode).toBe(2);
    expect(stderr.slice(0, code.length)).toBe(code);
    expect(stderr).toContain(
      '; "odd" is neither a container image, a tar nor an EROFS image, and was read as a dumpfile',
    );
    expect(stderr).toContain("has to be unpacked first");
  }
  // Who says that it is one, or begins as one does, knows.
  expect(composefs(["digest", "dump:odd"], { cwd }).stderr).not.toContain("neither");
  expect(composefs(["digest", "-"], { input: `${ROOT}!<arch>\n` }).stderr).not.toContain("neither");
});

test("a layer that ends early is broken, and not called something else", () => {
  const cwd = emptyFolder();
  writeFileSync(join(cwd, "layer"), gzipSync(makeLayers("base")[0]!).subarray(0, -20));
  const { exitCode, stderr } = composefs(["digest", "layer"], { cwd });
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr: 'BLOB_GZIP: "layer": broken gzip: unexpected end of file\n',
  });
});

test("a symlink in the way of a path is named with its target", () => {
  const input = `${ROOT}/bin 7 120777 1 0 0 0 0.0 usr/bin - -\n/usr 0 40755 2 0 0 0 0.0 - - -\n`;
  const refusals: [string[], string][] = [
    [["ls", "-", "/bin/sh"], "TREE_PATH: the tree has no /bin/sh: /bin is a symlink to usr/bin\n"],
    [["ls", "-", "/usr/bin/sh"], "TREE_PATH: the tree has no /usr/bin/sh\n"],
    [["cat", "-", "/bin/sh"], "TREE_PATH: the tree has no /bin/sh: /bin is a symlink to usr/bin\n"],
    [["cat", "-", "/bin"], "TREE_CONTENT: /bin is no file, but a symlink to usr/bin\n"],
  ];
  for (const [args, stderr] of refusals)
    expect(composefs(args, { input })).toEqual({ exitCode: 2, stdout: "", stderr });
});

test("lock says which of several inputs it cannot take", () => {
  const cwd = emptyFolder();
  writeFileSync(join(cwd, "good"), ROOT);
  writeFileSync(join(cwd, "bad"), `${ROOT}/x two\n`);
  expect(composefs(["lock", "good", "bad"], { cwd }).stderr).toMatch(/^DUMP_\w+: "bad": dumpfile line 2/);
  expect(composefs(["lock", "good", "missing"], { cwd }).stderr).toBe(
    'IO_OPEN: cannot open "missing": No such file or directory\n',
  );
});

test("a certificate that is none is named, and so is one of another key", () => {
  const cwd = emptyFolder();
  const [own, other] = [0, 1].map(() => generateKeyPairSync("rsa", { modulusLength: 2048 }));
  const spki = own!.publicKey.export({ type: "spki", format: "der" });
  writeFileSync(join(cwd, "cert"), makeCertificate({ name: "own", publicKeyInfo: new Uint8Array(spki) }));
  writeFileSync(join(cwd, "key"), other!.privateKey.export({ type: "pkcs8", format: "pem" }));
  writeFileSync(join(cwd, "file"), "content");
  const sign = (cert: string) =>
    composefs(["sign", "file", "--key", "key", "--cert", cert, "-o", "out"], { cwd }).stderr;
  expect(sign("key")).toBe(
    'CERTIFICATE_MISSING: "key": certificate: expected a certificate in PEM or DER, found none\n',
  );
  expect(sign("cert")).toBe("SIGNATURE_KEY_MISMATCH: the private key is not that of the certificate of CN=own\n");
});

test("what cannot be sealed is called by its kind", () => {
  const cwd = emptyFolder();
  writeFileSync(join(cwd, "saved"), makeForm("docker-archive-legacy", makeLayers("base")));
  for (const command of ["seal", "verify"]) {
    expect(composefs([command, "saved"], { cwd })).toEqual({
      exitCode: 2,
      stdout: "",
      stderr:
        'USAGE: "saved" is of kind docker-archive, without a manifest that could be sealed; ' +
        "OCI layouts, OCI archives and registries have them\n",
    });
  }
});

test("a container image is no EROFS image, a dumpfile holds no kernel image", () => {
  const cwd = emptyFolder();
  writeLayout(makeLayout(makeLayers("base")), join(cwd, "layout"));
  writeFileSync(join(cwd, "dump"), ROOT);
  expect(composefs(["walk", "layout"], { cwd }).stderr).toBe(
    'USAGE: expected an EROFS image, "layout" is a container image or an archive; make an image with mkfs\n',
  );
  expect(composefs(["uki", "dump"], { cwd }).stderr).toBe(
    "USAGE: expected a container image, in whose layers is what boots, or a kernel image (a PE file); " +
      '"dump" is neither\n',
  );
});

test.skipIf(process.platform !== "linux")(
  "a cache where no directory can be made is not used, and holds up nothing",
  () => {
    const cwd = emptyFolder();
    writeLayout(makeLayout(makeLayers("base")), join(cwd, "layout"));
    const { exitCode, stderr } = composefs(["digest", "layout", "--cache", "/proc/no/where"], { cwd });
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: "note: the layer cache is not used: a layer's records cannot be kept (ENOENT)\n",
    });
  },
);

test.skipIf(process.platform !== "linux").each(["precompute", "serve"])(
  "%s refuses a state where no directory can be made",
  (command) => {
    const { exitCode, stderr } = composefs([command, "docker://registry.invalid/app", "--state", "/proc/no/where"]);
    const path = `/proc/no/where/${command}/queue.journal`;
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: `IO_OPEN: cannot open "${path}": No such file or directory\n`,
    });
  },
);
