/** The canonical dumpfile: the published one of every vector, and the same again when it is read. */

import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { DUMP_STRICT, FORMAT_V0, FORMAT_V1, FORMAT_V2 } from "../../../assembly/abi.ts";
import { debian, dumpOf, readFixture, vectors } from "../../support/fixtures.ts";
import { generateDumpBytes } from "../../support/generate-dump.mjs";
import { EngineStatus, RawEngine } from "../../support/raw-engine.mjs";

const engine = new RawEngine();

function canonical(dump: Uint8Array): Buffer {
  engine.parse([dump]);
  return engine.print();
}

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** The image of a format, or the code with which it is refused. */
function image(format: number): string {
  try {
    return sha256(engine.image(format).image);
  } catch (error) {
    if (error instanceof EngineStatus) return error.code;
    throw error;
  }
}

const all = [...vectors.vectors, ...vectors.generated];

describe("the canonical dumpfile", () => {
  it.each(all.map((vector) => [vector.name, vector] as const))("of %s is the published one", (_, vector) => {
    const printed = canonical(dumpOf(vector));
    expect({ size: printed.length, sha256: sha256(printed) }).toEqual({
      size: vector.canonical.size,
      sha256: vector.canonical.sha256,
    });
  });

  it.each(all.map((vector) => [vector.name, vector] as const))("of %s reads back as itself, strictly", (_, vector) => {
    const printed = canonical(dumpOf(vector));
    engine.parse([printed], { flags: DUMP_STRICT });
    expect(engine.print().equals(printed)).toBe(true);
  });

  it("makes the images of a truthful dumpfile, in every format", () => {
    for (const dump of [readFixture(debian.file), generateDumpBytes("distro", 5000, 11)]) {
      engine.parse([dump]);
      const before = [FORMAT_V0, FORMAT_V1, FORMAT_V2].map(image);
      const printed = engine.print();
      expect([FORMAT_V0, FORMAT_V1, FORMAT_V2].map(image)).toEqual(before);
      engine.parse([printed]);
      expect([FORMAT_V0, FORMAT_V1, FORMAT_V2].map(image)).toEqual(before);
    }
  });

  it("takes the first name of an inode for it, whichever line owned it", () => {
    const root = "/ 0 40755 3 0 0 0 0.0 - - -\n";
    const lines = [
      "/b 0 @100644 - - - - 0.0 /d/z\n",
      "/d 7 40755 2 0 0 0 0.0 - - -\n",
      "/a 0 @100644 - - - - 0.0 /b\n",
    ];
    const dump = `${root}${lines.join("")}/d/z 2 100644 3 0 0 0 -5.7 - hi - user.b==\\x20 user.a=\n`;
    expect(canonical(Buffer.from(dump)).toString()).toBe(
      `${root}/a 2 100644 3 0 0 0 -5.7 - hi - user.a= user.b=\\x3d\\x20\n` +
        "/b 0 @120000 - - - - 0.0 /a - -\n/d 0 40755 2 0 0 0 0.0 - - -\n/d/z 0 @120000 - - - - 0.0 /a - -\n",
    );
  });
});
