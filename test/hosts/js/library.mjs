/**
 * The library in Node, Deno and Bun, as the package has it: `library.mjs < JOBS > ANSWERS`, in the form of ../README.md, for
 * dumpfiles and images of one layer. A profile that does not go with the input has no answer.
 */
import { readFileSync } from "node:fs";
import { ComposefsError, imageDigests } from "../../../build/src/index.js";
import { containerDigests } from "../../../build/src/node.js";

const PROFILES = ["v0", "v1", "v2"].flatMap((format) => [`${format}-sha256-12`, `${format}-sha512-12`]);

/** The images of a job: `dump FILE`, or `layers 2 FILE`, whose flag is what the library does by default. */
function images(job, profiles) {
  const [verb, ...operands] = job.split(" ");
  const file = operands.at(-1);
  return verb === "dump"
    ? imageDigests(readFileSync(file), { profiles })
    : containerDigests(`tar:${file}`, { profiles });
}

for (const job of readFileSync(0, "utf8").trimEnd().split("\n")) {
  for (const profile of PROFILES) {
    try {
      const [image] = (await images(job, [profile])).images;
      console.log(`${profile}:${image.digest}  ${job}`);
    } catch (error) {
      if (!(error instanceof ComposefsError)) throw error;
    }
  }
}
