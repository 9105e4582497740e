/**
 * Where the fields of a good image are: a walk that trusts every number, for a fuzzer that then breaks them.
 *
 * A field is { at, bytes, kind }: offset, width and name. Offsets and widths are those of erofs-v1.md 7.
 */
const DIRECTORY = 0o040000;

const FRONT = [
  [0, 4, "magic"],
  [4, 4, "header version"],
  [8, 4, "flags"],
  [12, 4, "composefs_version"],
  [1024, 4, "EROFS magic"],
  [1028, 4, "checksum"],
  [1032, 4, "feature_compat"],
  [1036, 1, "blkszbits"],
  [1037, 1, "extslots"],
  [1038, 2, "root_nid"],
  [1040, 8, "inos"],
  [1048, 8, "build_time"],
  [1056, 4, "build_time_nsec"],
  [1060, 4, "blocks"],
  [1064, 4, "meta_blkaddr"],
  [1068, 4, "xattr_blkaddr"],
  [1104, 4, "feature_incompat"],
  [1108, 2, "compression"],
  [1110, 2, "devices"],
  [1114, 1, "dirblkbits"],
  [1115, 1, "prefixes"],
  [1120, 8, "packed_nid"],
];
const COMPACT = [
  [0, 2, "format"],
  [2, 2, "icount"],
  [4, 2, "mode"],
  [6, 2, "nlink"],
  [8, 4, "size"],
  [12, 4, "reserved"],
  [16, 4, "u"],
  [20, 4, "ino"],
  [24, 2, "uid"],
  [26, 2, "gid"],
];
const EXTENDED = [
  [0, 2, "format"],
  [2, 2, "icount"],
  [4, 2, "mode"],
  [8, 8, "size"],
  [16, 4, "u"],
  [20, 4, "ino"],
  [24, 4, "uid"],
  [28, 4, "gid"],
  [32, 8, "mtime"],
  [40, 4, "nsec"],
  [44, 4, "nlink"],
  [48, 8, "reserved"],
];

const place = (list, at) => list.map(([offset, bytes, kind]) => ({ at: at + offset, bytes, kind }));

/** The inode at an offset. */
function readInode(image, at) {
  const compact = (image[at] & 1) === 0;
  const icount = image.readUInt16LE(at + 2);
  const header = compact ? 32 : 64;
  const size = compact ? image.readUInt32LE(at + 8) : Number(image.readBigUInt64LE(at + 8));
  const xattrBytes = icount === 0 ? 0 : 12 + 4 * (icount - 1);
  return {
    at,
    compact,
    layout: image[at] >> 1,
    type: image.readUInt16LE(at + 4) & 0o170000,
    u: image.readUInt32LE(at + 16),
    size,
    xattrs: at + header,
    xattrBytes,
    tail: at + header + xattrBytes,
    /** Offsets of the dirents that lead to it, dots not counted. */
    dirents: [],
  };
}

/** Groups of a directory: offset and bytes. */
function groupsOf({ layout, size, u, tail }) {
  const groups = [];
  const blocks = layout === 2 ? Math.floor(size / 4096) : Math.ceil(size / 4096);
  for (let i = 0; i < blocks; i++) groups.push([(u + i) * 4096, Math.min(4096, size - 4096 * i)]);
  if (layout === 2 && size % 4096 !== 0) groups.push([tail, size % 4096]);
  return groups;
}

/** Entries of a group: offset of the header, place of the name, nid. */
function entriesOf(image, [at, bytes]) {
  const count = image.readUInt16LE(at + 8) / 12;
  return Array.from({ length: count }, (_, i) => {
    const header = at + 12 * i;
    const start = at + image.readUInt16LE(header + 8);
    let end = i + 1 < count ? at + image.readUInt16LE(header + 20) : at + bytes;
    if (i + 1 === count) while (image[end - 1] === 0) end--;
    return { header, start, end, nid: Number(image.readBigUInt64LE(header)) };
  });
}

/** An xattr entry: its fields, and where the next one begins. */
function xattrFields(image, at) {
  const [suffix, value] = [image[at], image.readUInt16LE(at + 2)];
  const fields = place(
    [
      [0, 1, "suffix length"],
      [1, 1, "index"],
      [2, 2, "value length"],
    ],
    at,
  );
  if (suffix > 0) fields.push({ at: at + 4, bytes: Math.min(suffix, 4), kind: "suffix" });
  if (value > 0) fields.push({ at: at + 4 + suffix, bytes: Math.min(value, 4), kind: "value" });
  return { fields, next: at + ((4 + suffix + value + 3) & ~3) };
}

/** Stubs are all alike: so many of them are broken, and no more. */
const STUBS_KEPT = 3;

/**
 * @returns {{ front: object[], inode: object[], xattr: object[], dirent: object[], inodes: object[], entries: object[],
 *   locals: object[] }} fields by what they belong to; inodes; dirents; local xattr entries as { at, bytes }
 */
export function fieldsOf(image) {
  const found = { front: place(FRONT, 0), inode: [], xattr: [], dirent: [], inodes: [], entries: [], locals: [] };
  const xattrBase = image.readUInt32LE(1068) * 4096;
  const known = new Map();
  const shared = new Set();
  let stubs = 0;
  const queue = [image.readUInt16LE(1038)];
  known.set(queue[0], readInode(image, queue[0] * 32));
  for (const nid of queue) {
    const inode = known.get(nid);
    found.inodes.push(inode);
    found.inode.push(...place(inode.compact ? COMPACT : EXTENDED, inode.at));
    if (inode.xattrBytes > 0) {
      const references = image[inode.xattrs + 4];
      found.xattr.push({ at: inode.xattrs + 4, bytes: 1, kind: "references" });
      let at = inode.xattrs + 12;
      for (let i = 0; i < references; i++, at += 4) {
        found.xattr.push({ at, bytes: 4, kind: "reference" });
        shared.add(xattrBase + 4 * image.readUInt32LE(at));
      }
      while (at < inode.tail) {
        const { fields, next } = xattrFields(image, at);
        found.xattr.push(...fields);
        found.locals.push({ at, bytes: next - at });
        at = next;
      }
    }
    if (inode.type !== DIRECTORY) continue;
    for (const group of groupsOf(inode)) {
      for (const { header, start, end, nid: child } of entriesOf(image, group)) {
        const name = image.toString("latin1", start, end);
        const isDot = name === "." || name === "..";
        if (!known.has(child)) known.set(child, readInode(image, child * 32));
        const target = known.get(child);
        if (!isDot && target.type === 0o020000 && target.u === 0 && stubs++ >= STUBS_KEPT) continue;
        if (!isDot) target.dirents.push(header);
        found.dirent.push(
          { at: header, bytes: 8, kind: "nid" },
          { at: header + 8, bytes: 2, kind: "nameoff" },
          { at: header + 10, bytes: 1, kind: "file type" },
          { at: start, bytes: Math.min(4, end - start), kind: "name" },
          { at: end - 1, bytes: 1, kind: "name's end" },
        );
        found.entries.push({ header, start, end, nid: child, isDot });
        if (!isDot && target.dirents.length === 1) queue.push(child);
      }
    }
  }
  for (const at of shared) found.xattr.push(...xattrFields(image, at).fields);
  return found;
}
