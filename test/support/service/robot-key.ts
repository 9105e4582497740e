/** The key and the certificate of a service that signs. */
import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeCertificate } from "../make-certificate.ts";

/** Writes `key.pem` and `cert.pem` into a folder. */
export function writeRobotKey(folder: string): void {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const publicKeyInfo = new Uint8Array(publicKey.export({ type: "spki", format: "der" }));
  writeFileSync(join(folder, "key.pem"), privateKey.export({ type: "pkcs8", format: "pem" }));
  writeFileSync(join(folder, "cert.pem"), makeCertificate({ name: "robot", publicKeyInfo }));
}
