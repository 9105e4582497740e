/** Layers and hosts for tests of sources. */
import { createHash } from "node:crypto";
import { inflateRawSync } from "node:zlib";
import type { Compression, FileTable, LayerBlob } from "../../src/source/container.ts";
import type { Reading } from "../../src/source/document.ts";
import * as nodeHost from "../../src/source/host.node.ts";
import type { Host } from "../../src/source/host.ts";
import * as webHost from "../../src/source/host.web.ts";
import { type SourceLimits, sourceLimits } from "../../src/source/limits.ts";

/** `sha256:` and hex. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Bytes as a blob that can be read in Node, too. */
export function blobOf(bytes: Uint8Array): Blob {
  return new Blob([bytes as Uint8Array<ArrayBuffer>]);
}

/** A layer that is what it says, apart from `changes`. */
export function layerOf(
  stored: Uint8Array,
  compression: Compression,
  plain: Uint8Array,
  changes: Partial<LayerBlob> = {},
): LayerBlob {
  return {
    place: { kind: "blob", blob: blobOf(stored) },
    compression,
    mediaType: "",
    digest: digestOf(stored),
    size: stored.length,
    diffId: digestOf(plain),
    name: "the layer",
    annotations: {},
    ...changes,
  };
}

/** A host that reads `length` bytes at a time. */
export function inPieces(host: Host, length: number): Host {
  async function* readPlace(place: Parameters<Host["readPlace"]>[0], signal?: AbortSignal) {
    for await (const chunk of host.readPlace(place, signal)) {
      for (let start = 0; start < chunk.length; start += length) yield chunk.subarray(start, start + length);
    }
  }
  return { ...host, readPlace };
}

/** What browsers do: the first member is decompressed, and anything behind it is an error. */
class FirstMemberOnly {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;

  constructor() {
    const input: Uint8Array[] = [];
    const stream = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk) => void input.push(chunk),
      flush(controller) {
        const bytes = Buffer.concat(input);
        const { plain, rest } = firstMember(bytes);
        for (let start = 0; start < plain.length; start += 1000)
          controller.enqueue(plain.subarray(start, start + 1000));
        if (rest !== 0)
          controller.error(new TypeError("Junk found after end of compressed data, or its end is missing."));
      },
    });
    this.readable = stream.readable;
    this.writable = stream.writable;
  }
}

function firstMember(bytes: Buffer): { plain: Buffer; rest: number } {
  try {
    const { buffer, engine } = inflateRawSync(bytes.subarray(10), { info: true } as object) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    return { plain: buffer, rest: bytes.length - 18 - engine.bytesWritten };
  } catch (cause) {
    throw new TypeError("The compressed data was not valid.", { cause });
  }
}

/** A host whose own gunzip is like that of browsers. */
const browserHost: Host = {
  ...webHost,
  async *gunzip(open) {
    const own = globalThis.DecompressionStream;
    globalThis.DecompressionStream = FirstMemberOnly as unknown as typeof DecompressionStream;
    try {
      yield* webHost.gunzip(open);
    } finally {
      globalThis.DecompressionStream = own;
    }
  },
};

export const NODE_AS_WEB = "the web, decompressing as Node";

/** Every host, with every way to decompress that can be had here. */
export const HOSTS: readonly [string, Host][] = [
  ["Node", nodeHost],
  [NODE_AS_WEB, webHost],
  ["the web, decompressing as browsers", browserHost],
];

/** Files in memory, by name. */
export function filesOf(files: ReadonlyMap<string, Uint8Array>): FileTable {
  return {
    name: "image",
    find: async (path) => {
      const bytes = files.get(path);
      return bytes === undefined ? null : { kind: "blob", blob: blobOf(bytes) };
    },
  };
}

/** How sources are read by default. */
export function readingWith(limits: Partial<SourceLimits> = {}, signal?: AbortSignal): Reading {
  return { limits: sourceLimits(limits), signal, host: nodeHost };
}
