/**
 * The library in Node, Deno and Bun, as the package has it: `library.mjs < JOBS > ANSWERS`, in the form of ../README.md,
 * for the dumpfiles among the jobs. A profile that does not go with a dumpfile has no answer.
 */
import { readFileSync } from "node:fs";
import { ComposefsError, imageDigests } from "../../../build/src/index.js";

const PROFILES = ["v0", "v1", "v2"].flatMap((format) => [`${format}-sha256-12`, `${format}-sha512-12`]);

for (const job of readFileSync(0, "utf8").trimEnd().split("\n")) {
  const [verb, file] = job.split(" ");
  if (verb !== "dump") continue;
  const dump = readFileSync(file);
  for (const profile of PROFILES) {
    try {
      const { images } = await imageDigests(dump, { profiles: [profile] });
      console.log(`${profile}:${images[0].digest}  ${job}`);
    } catch (error) {
      if (!(error instanceof ComposefsError)) throw error;
    }
  }
}
