/** The table of errno against what the other parts saw: no row that no kernel gave. */
import assert from "node:assert/strict";
import { VERITY_ERRNO_ROWS } from "../../build/src/linux/verity-errno.node.js";
import { seenRows } from "./guest-tools.mjs";

/** A signature that was good when it was enabled, and is not when the inode is loaded: only a damaged disk does that. */
const NOT_TRIED = ["open 74", "open 129", "open 65"];

export async function run(list) {
  await list.check("every row of the table of errno was seen", () => {
    const rows = VERITY_ERRNO_ROWS.flatMap(({ calls, errno }) => calls.map((call) => `${call} ${errno}`));
    assert.deepEqual(
      rows.filter((row) => !seenRows.has(row)),
      NOT_TRIED,
    );
  });
}
