/**
 * fs-verity digests: what the rest of the engine uses of this folder.
 *
 *   open -> update | appendDigests, in any mixture -> close
 *
 * blocks.ts hashes blocks, merkle.ts builds the tree, descriptor.ts makes the file digest, slots.ts holds the state,
 * stream.ts takes the bytes.
 */

export { blockBits, closeAll, digestBytes, isOpen, open } from "./slots";
export { appendDigests, blockDigests, close, update } from "./stream";
