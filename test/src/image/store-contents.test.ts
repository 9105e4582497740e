/** Contents out of a stream: the same objects however it is cut. */
import { describe, expect, test } from "vitest";
import { writeRanges } from "../../../src/image/store-contents.node.ts";
import type { ObjectWriter } from "../../../src/linux/store-write.node.ts";

/** A writer that keeps what it is given. */
class Kept {
  readonly objects: Array<[string, number, string]> = [];
  #open: [string, number, string] | undefined;

  begin(digest: string, size: number): void {
    expect(this.#open).toBe(undefined);
    this.#open = [digest, size, ""];
  }
  write(bytes: Uint8Array): void {
    this.#open![2] += Buffer.from(bytes).toString("latin1");
  }
  end(): void {
    this.objects.push(this.#open!);
    this.#open = undefined;
  }
}

const STREAM = Buffer.from("0123456789abcdefghij");
const RANGES = [
  { digest: "first", offset: 0, size: 1 },
  { digest: "beside", offset: 1, size: 4 },
  { digest: "empty", offset: 7, size: 0 },
  { digest: "after", offset: 7, size: 6 },
  { digest: "last", offset: 19, size: 1 },
];
/** The slow twin. */
const EXPECTED = RANGES.map(({ digest, offset, size }) => [
  digest,
  size,
  STREAM.subarray(offset, offset + size).toString("latin1"),
]);

async function* chunksOf(cuts: readonly number[], length = STREAM.length) {
  const ends = [...cuts, length];
  for (const [i, end] of ends.entries()) yield STREAM.subarray(ends[i - 1] ?? 0, end);
}

async function written(chunks: AsyncIterable<Uint8Array>, ranges = RANGES) {
  const kept = new Kept();
  await writeRanges(chunks, ranges, kept as unknown as ObjectWriter);
  return kept.objects;
}

describe("ranges of a stream", () => {
  test("at all pairs of cuts", async () => {
    for (let a = 0; a <= STREAM.length; a++) {
      for (let b = a; b <= STREAM.length; b++) expect(await written(chunksOf([a, b]))).toEqual(EXPECTED);
    }
    expect(await written(chunksOf(Array.from(STREAM.keys())))).toEqual(EXPECTED);
  });

  test("a stream that ends too early is refused, wherever", async () => {
    for (let length = 0; length < STREAM.length; length++) {
      await expect(
        written(
          chunksOf(
            [5, 10].filter((cut) => cut < length),
            length,
          ),
        ),
      ).rejects.toThrow(expect.objectContaining({ code: "IO_CHANGED" }));
    }
  });

  test("nothing is read behind the last one", async () => {
    let chunks = 0;
    const counted = async function* () {
      for await (const chunk of chunksOf([5, 10, 15])) {
        chunks++;
        yield chunk;
      }
    };
    expect(await written(counted(), RANGES.slice(0, 2))).toEqual(EXPECTED.slice(0, 2));
    expect(chunks).toBe(1);
  });
});
