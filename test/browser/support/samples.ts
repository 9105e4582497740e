/** Files that a person may have: container images in every form, sealed and not, dumpfiles, images. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { composefs } from "../../src/cli/run.ts";
import { debian, readFixture } from "../../support/fixtures.ts";
import { compressLayer } from "../../support/oci/compress.mjs";
import { makeForm, makeLayout, makeMultiLayout, writeLayout } from "../../support/oci/forms.mjs";
import { golden, layersOf } from "../../support/oci/golden.ts";

export class Samples {
  readonly folder = mkdtempSync(join(tmpdir(), "composefs-samples-"));

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A file with some bytes. @returns its path */
  file(name: string, bytes: Uint8Array | string): string {
    const path = join(this.folder, name);
    writeFileSync(path, bytes);
    return path;
  }

  /** A golden image in a form. @param form of FORM_NAMES other than layout */
  image(name: string, form = "oci-archive", compression = "gzip"): string {
    return this.file(
      `${name}-${compression}.${form}.tar`,
      makeForm(form, layersOf(goldenImage(name)), { compression }),
    );
  }

  /** A golden image as an OCI layout. @returns its folder */
  layout(name: string): string {
    const path = join(this.folder, `${name}-layout`);
    mkdirSync(path, { recursive: true });
    writeLayout(makeLayout(layersOf(goldenImage(name)), {}), path);
    return path;
  }

  /** A layer of a golden image, plain or compressed. */
  layer(name: string, extension: "tar" | "tar.gz" | "tar.zst"): string {
    const [layer] = layersOf(goldenImage(name));
    const compression = { tar: "none", "tar.gz": "gzip", "tar.zst": "zstd-raw" }[extension];
    return this.file(`${name}-layer.${extension}`, compressLayer(layer!, compression, 0).blob);
  }

  /** An OCI archive with images for two platforms. */
  severalPlatforms(): string {
    const path = join(this.folder, "several");
    mkdirSync(path, { recursive: true });
    writeLayout(makeMultiLayout(), path);
    return this.#archive(path);
  }

  debianDump(): string {
    return this.file("debian.dump", readFixture(debian.file));
  }

  /** The same with some owners and times changed. @returns its path */
  debianChanged(): string {
    const lines = Buffer.from(readFixture(debian.file)).toString("latin1").trimEnd().split("\n");
    const changed = lines.map((line, i) => {
      const fields = line.split(" ");
      if (i % 10 === 5) fields[4] = "1000";
      return fields.join(" ");
    });
    return this.file("debian-changed.dump", Buffer.from(`${changed.join("\n")}\n`, "latin1"));
  }

  /** An EROFS image of the Debian dumpfile. */
  debianImage(): string {
    const path = join(this.folder, "debian.cfs");
    this.#run("mkfs", this.debianDump(), path);
    return path;
  }

  /** A layout whose image is sealed and signed, as an OCI archive; and the certificate. */
  sealed(name = "base"): { archive: string; certificate: string } {
    const layout = join(this.folder, `sealed-${name}`);
    mkdirSync(layout, { recursive: true });
    writeLayout(makeLayout(layersOf(goldenImage(name)), {}), layout);
    const key = join(this.folder, "key.pem");
    const certificate = join(this.folder, "release.pem");
    const request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=release", "-days", "2"];
    execFileSync("openssl", [...request, "-keyout", key, "-out", certificate], { stdio: "ignore" });
    this.#run("seal", `oci:${layout}`, "--key", key, "--cert", certificate);
    return { archive: this.#archive(layout), certificate };
  }

  /** A layout as an archive. */
  #archive(layout: string): string {
    execFileSync("tar", ["-C", layout, "-cf", `${layout}.oci.tar`, "."]);
    return `${layout}.oci.tar`;
  }

  #run(...args: string[]): void {
    const { exitCode, stderr } = composefs(args, { env: { XDG_CACHE_HOME: join(this.folder, "cache") } });
    if (exitCode !== 0) throw new Error(`composefs ${args.join(" ")}: ${stderr}`);
  }
}

/** The golden image of that name with seed 1. */
export function goldenImage(name: string) {
  const found = golden.images.find(({ image, seed, scale }) => image === name && seed === 1 && scale === 1);
  if (found === undefined) throw new Error(`there is no golden image ${name}`);
  return found;
}
