/**
 * Names and options of the commands for signatures. What they do is in the file of their name, which is loaded when one
 * runs.
 */

import type { Command } from "commander";
import { runCommand } from "./common.ts";

/** Adds `sign` and `verify-signature` to the program. @param collect for options that may be given several times */
export function addSignatureCommands(program: Command, collect: (value: string, before?: string[]) => string[]): void {
  const sign = program
    .command("sign")
    .description("sign the fs-verity digest of a file, as `fsverity sign` does, or prepare and take over a signature")
    .option("--cert <file>", "the certificate of the key, in PEM or DER")
    .option("--key <file>", "the private key in PEM, not encrypted: RSA, P-256, P-384 or P-521")
    .option("--to-be-signed <file>", "write the bytes that a key elsewhere has to sign, and sign nothing")
    .option("--attach <file>", "make the message around this signature, which was made elsewhere")
    .option("-o, --output <file>", "PKCS#7 in DER, which appears when it is complete; - for standard output", "-")
    .action(async (file, options) => {
      await runCommand(options.json, async () => (await import("./sign.ts")).run(file, options));
    });
  const verify = program
    .command("verify-signature")
    .description("check a signature of the fs-verity digest of a file; exit with 1 when it is not good")
    .requiredOption("--signature <file>", "PKCS#7 in DER, - for standard input")
    .requiredOption("--cert <file>", "certificates that are trusted, in PEM or DER; may be repeated", collect)
    .action(async (file, options) => {
      await runCommand(options.json, async () => (await import("./verify-signature.ts")).run(file, options));
    });
  for (const command of [sign, verify]) {
    command
      .argument("[file]", "the file; or --digest")
      .option("--digest <hex>", "the digest instead of a file, also behind sha256: or sha512:")
      .option("--hash-alg <hash>", "sha256 or sha512; by default sha256, of a digest as long as it is")
      .option("--block-size <bytes>", "Merkle tree block size: a power of two from 1024 to 65536 (4096)")
      .option("--salt <hex>", "at most 32 bytes")
      .option("--json", "print what was found as JSON")
      .option("--no-progress", "no progress on the terminal")
      .option("--no-accelerator", "hash with the engine only, never with node:crypto; the digests are the same");
  }
}
