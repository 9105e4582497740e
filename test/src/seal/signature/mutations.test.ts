/** Changed signatures and certificates: never accepted by luck, and never anything but a verdict or an error of ours. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ComposefsError } from "../../../../src/error.ts";
import { readCertificates } from "../../../../src/seal/signature/certificate.ts";
import { readMessage } from "../../../../src/seal/signature/message.ts";
import { verifySignature } from "../../../../src/seal/signature/verify.ts";
import { certificateOf, hashOf, type SignatureVector, unhex, VECTORS, vector } from "../../../support/signatures.ts";

const trusted = new Map(
  await Promise.all(Object.keys(VECTORS.keys).map(async (key) => [key, await certificateOf(key)] as const)),
);

async function verdictOf(row: SignatureVector, signature: Uint8Array) {
  const certificates = [trusted.get(row.key)!];
  return verifySignature({ hash: hashOf(row), digest: unhex(row.digest), signature, certificates });
}

/** Offsets at which a byte, combined with `mask`, leaves a signature that is accepted. */
async function acceptedOffsets(row: SignatureVector, masks: readonly number[]): Promise<number[]> {
  const signature = unhex(row.der);
  const found: number[] = [];
  for (let offset = 0; offset < signature.length; offset++) {
    for (const mask of masks) {
      signature[offset]! ^= mask;
      if ((await verdictOf(row, signature)).isVerified) found.push(offset);
      signature[offset]! ^= mask;
    }
  }
  return found;
}

const EACH_BIT = [1, 2, 4, 8, 16, 32, 64, 128];

describe("each byte of a signature changed", () => {
  const whole: Array<[string, number[]]> = [
    ["fsverity sign", EACH_BIT],
    ["openssl cms", [1]],
    ["SHA-512 as message digest", [1]],
    ["with signed attributes", [1, 0xff]],
    ["signer named by key identifier", [1, 0xff]],
    ["P-384", [1]],
    ["P-521", [1]],
  ];
  test.each(whole)("%s: all of it carries meaning", async (note, masks) => {
    expect(await acceptedOffsets(vector(note), masks)).toEqual([]);
  });

  test("of P-256, too", async () => {
    const row = VECTORS.signatures.find(({ key }) => key === "ec")!;
    expect(await acceptedOffsets(row, EACH_BIT)).toEqual([]);
  });

  test("of a certificate inside nothing counts but its form", async () => {
    const row = vector("certificate inside the message");
    const { der } = await certificateOf("rsa");
    const start = Buffer.from(row.der, "hex").indexOf(der);
    const accepted = await acceptedOffsets(row, [1]);
    expect(accepted.length).toBeGreaterThan(0);
    expect(accepted.filter((offset) => offset < start || offset >= start + der.length)).toEqual([]);
  });

  test("of a signer who is not known nothing counts but the form", async () => {
    const row = vector("two signers");
    const signature = unhex(row.der);
    const known = (await certificateOf("rsa")).names[0]!;
    const before = (await readMessage(signature)).signers.find(({ name }) => name === known);
    const accepted = await acceptedOffsets(row, [1]);
    expect(accepted.length).toBeGreaterThan(0);
    for (const offset of accepted) {
      const changed = signature.slice();
      changed[offset]! ^= 1;
      expect((await readMessage(changed)).signers.find(({ name }) => name === known)).toEqual(before);
    }
  });
});

test("bytes cut out, put in, and exchanged: a verdict, and never a good one for other bytes of one signer", async () => {
  const rows = VECTORS.signatures.filter(({ expect: result, note }) => result === "valid" && !/inside|two/.test(note));
  const edit = fc.record({
    row: fc.nat(rows.length - 1),
    at: fc.nat(600),
    remove: fc.nat(8),
    insert: fc.uint8Array({ maxLength: 8 }),
  });
  await fc.assert(
    fc.asyncProperty(edit, async ({ row: index, at, remove, insert }) => {
      const row = rows[index]!;
      const before = unhex(row.der);
      const start = at % before.length;
      const after = Uint8Array.of(...before.subarray(0, start), ...insert, ...before.subarray(start + remove));
      const isSame = Buffer.from(after).equals(before);
      expect((await verdictOf(row, after)).isVerified).toBe(isSame);
    }),
    { numRuns: 1000, seed: 7 },
  );
});

test("any bytes: a verdict", async () => {
  const row = vector("fsverity sign");
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      expect((await verdictOf(row, bytes)).result).toBe("malformed");
    }),
    { numRuns: 500, seed: 7 },
  );
});

test("each byte of a certificate changed: a certificate, or an error of ours", async () => {
  let read = 0;
  const codes = new Set<string>();
  for (const key of ["rsa", "p521"]) {
    const { der } = await certificateOf(key);
    for (let offset = 0; offset < der.length; offset++) {
      for (const mask of [1, 0xa0]) {
        const changed = der.slice();
        changed[offset]! ^= mask;
        try {
          expect((await readCertificates(changed)).length).toBe(1);
          read++;
        } catch (error) {
          expect(error).toBeInstanceOf(ComposefsError);
          codes.add((error as ComposefsError).code);
        }
      }
    }
  }
  expect(read).toBeGreaterThan(100);
  expect([...codes].sort()).toEqual(["CERTIFICATE_DER", "CERTIFICATE_FORM", "CERTIFICATE_MISSING"]);
});
