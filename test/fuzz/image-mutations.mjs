/**
 * Ways to break an image: by fields, where a reader decides; by structures that stay whole, so that it reads on; and by
 * bytes, where it must not fall over. Every change works on a copy and returns it.
 */

/** Numbers that a field of so many bytes should not hold, or only just. */
function oddValue(random, bytes, current, image) {
  const bits = BigInt(bytes * 8);
  const all = (1n << bits) - 1n;
  const near = BigInt(random.pick([1, 2, 4, 8, 12, 31, 32, 33, 128, 4096]));
  const length = BigInt(image.length);
  const value = random.pick([
    0n,
    1n,
    2n,
    all,
    all - 1n,
    all >> 1n,
    (all >> 1n) + 1n,
    1n << BigInt(random.below(bytes * 8)),
    current + 1n,
    current - 1n,
    current + near,
    current - near,
    current ^ (1n << BigInt(random.below(bytes * 8))),
    length / 32n - BigInt(random.below(3)),
    length / 4096n - BigInt(random.below(2)),
    length - BigInt(random.below(3)),
    BigInt(random.below(image.length)) / 32n,
    BigInt(random.below(256)),
    BigInt(random.pick([255, 256, 512, 513, 1024, 1025, 4095, 4096, 5000, 5001, 32767, 32768, 36, 68, 1000000000])),
  ]);
  return BigInt.asUintN(bytes * 8, value);
}

function readField(image, { at, bytes }) {
  let value = 0n;
  for (let i = bytes; i-- > 0; ) value = (value << 8n) | BigInt(image[at + i]);
  return value;
}

function writeField(image, { at, bytes }, value) {
  for (let i = 0; i < bytes; i++) image[at + i] = Number((value >> BigInt(8 * i)) & 0xffn);
}

const GROUPS = ["front", "inode", "inode", "inode", "xattr", "xattr", "dirent", "dirent"];

/** An odd number in one field. */
function breakField(random, image, fields) {
  const list = fields[random.pick(GROUPS)];
  if (list.length === 0) return image;
  const field = random.pick(list);
  if (field.at + field.bytes > image.length) return image;
  writeField(image, field, oddValue(random, field.bytes, readField(image, field), image));
  return image;
}

/** One field takes the value of another one of its kind. */
function copyField(random, image, fields) {
  const list = fields[random.pick(GROUPS)];
  if (list.length === 0) return image;
  const field = random.pick(list);
  const others = list.filter(({ kind, bytes }) => kind === field.kind && bytes === field.bytes);
  const other = random.pick(others);
  if (Math.max(field.at, other.at) + 8 > image.length) return image;
  image.copyWithin(field.at, other.at, other.at + field.bytes);
  return image;
}

/** Fields whose values a tree may have: who owns it, when, how often linked, its permissions. */
function changeMetadata(random, image, fields) {
  const kinds = [
    "uid",
    "gid",
    "mtime",
    "nsec",
    "nlink",
    "mode",
    "build_time",
    "build_time_nsec",
    "value",
    "name's end",
  ];
  const list = [...fields.inode, ...fields.front, ...fields.xattr, ...fields.dirent].filter(({ kind }) =>
    kinds.includes(kind),
  );
  const field = random.pick(list);
  if (field.at + field.bytes > image.length) return image;
  const at = field.at + (field.kind === "mode" ? 0 : random.below(field.bytes));
  image[at] ^= 1 << random.below(8);
  return image;
}

/** An entry leads where another one does: one more name, or a loop. */
function copyTarget(random, image, { entries }) {
  const [to, from] = [random.pick(entries), random.pick(entries)];
  if (Math.max(to.header, from.header) + 12 > image.length) return image;
  image.copyWithin(to.header, from.header, from.header + 8);
  if (random.chance(90)) image[to.header + 10] = image[from.header + 10];
  return image;
}

/** One inode's header becomes that of another. */
function copyInode(random, image, { inodes }) {
  const [to, from] = [random.pick(inodes), random.pick(inodes)];
  const bytes = from.compact ? 32 : 64;
  if (Math.max(to.at, from.at) + 64 > image.length) return image;
  image.copyWithin(to.at, from.at, from.at + bytes);
  if (random.chance(70)) for (const header of to.dirents) image[header + 10] = image[(from.dirents[0] ?? header) + 10];
  return image;
}

const TYPES = [0o100000, 0o040000, 0o020000, 0o060000, 0o010000, 0o140000, 0o120000];

/** Another type, with entries that say so too. */
function changeType(random, image, { inodes }) {
  const inode = random.pick(inodes);
  if (inode.at + 64 > image.length) return image;
  const type = random.below(7);
  image.writeUInt16LE((image.readUInt16LE(inode.at + 4) & 0o7777) | TYPES[type], inode.at + 4);
  for (const header of inode.dirents) if (header + 12 <= image.length) image[header + 10] = type + 1;
  if (random.chance(50)) image.fill(0, inode.at + 8, inode.at + 12);
  if (random.chance(50)) image.writeUInt16LE(inode.compact ? 0 : 1, inode.at);
  return image;
}

/** Keys that mean something, as name index and suffix. */
const KEYS = [
  [4, "overlay.metacopy"],
  [4, "overlay.redirect"],
  [4, "overlay.opaque"],
  [4, "overlay.overlay.opaque"],
  [4, "overlay.overlay.whiteout"],
  [4, "overlay.overlay.whiteouts"],
  [4, "overlay.overlay.overlay.x"],
  [4, "overlay.x"],
  [1, "overlay.opaque"],
  [1, "overlay.whiteout"],
  [1, "overlay.whiteouts"],
  [0, "trusted.overlay.redirect"],
  [0, "user.a"],
  [0, ""],
  [2, ""],
  [3, ""],
  [2, "x"],
  [5, "a"],
  [6, "selinux"],
];

/** A local entry gets a key that means something; its value is what fits behind. */
function changeKey(random, image, { locals }) {
  if (locals.length === 0) return image;
  const { at, bytes } = random.pick(locals);
  const [index, suffix] = random.pick(KEYS);
  if (at + bytes > image.length || bytes < 4 + suffix.length) return image;
  image[at] = suffix.length;
  image[at + 1] = index;
  const room = bytes - 4 - suffix.length;
  image.writeUInt16LE(Math.max(0, room - random.below(4)), at + 2);
  image.write(suffix, at + 4, "latin1");
  if (room > 0 && random.chance(50)) image[at + 4 + suffix.length] = random.pick([0, 0x2f, 0x78, 0x79]);
  return image;
}

const STRUCTURE_CHANGES = [copyTarget, copyInode, changeType, changeKey, changeKey];

/** Changes to any bytes at all. */
const BYTE_CHANGES = [
  (random, image) => {
    image[random.below(image.length)] ^= 1 << random.below(8);
    return image;
  },
  (random, image) => {
    image[random.below(image.length)] = random.pick([0, 1, 0x2e, 0x2f, 0x7f, 0x80, 0xff]);
    return image;
  },
  (random, image) => image.subarray(0, random.below(image.length)),
  (random, image) => Buffer.concat([image, Buffer.alloc(random.pick([1, 31, 4096]))]),
  (random, image) => {
    const [from, to] = [random.below(image.length), random.below(image.length)];
    image.copyWithin(to, from, from + random.pick([1, 4, 12, 32, 64, 1 + random.below(200)]));
    return image;
  },
  (random, image) => {
    const at = random.below(image.length);
    image.subarray(at, at + 1 + random.below(64)).fill(random.pick([0, 0, 0xff]));
    return image;
  },
  // A piece goes, or comes twice: all behind it moves by whole slots.
  (random, image) => {
    const at = 32 * random.below(image.length / 32);
    return Buffer.concat([image.subarray(0, at), image.subarray(at + 32 * random.below(4))]);
  },
  (random, image) => {
    const at = 32 * random.below(image.length / 32);
    return Buffer.concat([image.subarray(0, at + 32 * random.below(4)), image.subarray(at)]);
  },
];

/** The front of one image and the rest of another, or a piece of it. */
function splice(random, image, other) {
  const at = 32 * random.below(Math.min(image.length, other.length) / 32);
  if (random.chance(50)) return Buffer.concat([image.subarray(0, at), other.subarray(at)]);
  other.copy(image, at, at, Math.min(image.length, other.length, at + 32 * (1 + random.below(8))));
  return image;
}

/**
 * Breaks a copy of an image in one to four ways.
 *
 * @param {{ image: Buffer, fields: object }} base see `image-fields.mjs`
 * @param {Buffer} other a second image, to splice
 */
export function mutateImage(random, { image, fields }, other) {
  let out = Buffer.from(image);
  for (let i = random.pick([1, 1, 1, 2, 2, 4]); i > 0 && out.length >= 32; i--) {
    const way = random.below(100);
    if (way < 35) out = breakField(random, out, fields);
    else if (way < 50) out = copyField(random, out, fields);
    else if (way < 65) out = changeMetadata(random, out, fields);
    else if (way < 80) out = random.pick(STRUCTURE_CHANGES)(random, out, fields);
    else if (way < 97) out = random.pick(BYTE_CHANGES)(random, out);
    else out = splice(random, out, other);
  }
  return out;
}
