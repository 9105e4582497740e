/** Cases of bytes and their fs-verity digest: level verity. The bytes are given by a formula, since some are many. */
import { readJson } from "./fixtures.mjs";

/** Digits of a salt that tell it from the others. */
const SALT_DIGITS = 8;

/** @returns {object[]} cases */
export function verityCases() {
  const { digests } = readJson("fsverity.json");
  return digests.map(({ content, size, alg: hash, block_size: blockSize, salt, digest }) => ({
    id: `verity/${hash}-${blockSize}/${content}-${size}${salt && `/salt-${salt.slice(0, SALT_DIGITS)}`}`,
    ...{ level: "verity", input: { content, size } },
    parameters: { hash, blockSize, ...(salt && { salt }) },
    expected: { digest },
  }));
}
