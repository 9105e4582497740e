/**
 * What a tool may have done to a tree before it made the image: changes that are cheap to make, each with the reason to
 * try it. They change lines of the canonical dumpfile.
 */

import type { Tree } from "../image/tree.ts";
import {
  canonicalLines,
  DIGEST,
  type Fields,
  GID,
  type LineEdit,
  MODE,
  MTIME,
  NLINK,
  PATH,
  PAYLOAD,
  UID,
  XATTRS,
} from "./canonical.ts";

export interface Variant {
  /** Name for programs. */
  id: string;
  /** What is changed, for people. */
  text: string;
  /** Why it is tried. */
  reason: string;
  /** Makes the change for a tree; undefined changes nothing but the form. May read the tree, not keep its cursor. */
  edit: ((tree: Tree) => LineEdit) | undefined;
}

const isDirectory = (fields: Fields) => fields[MODE]!.length === 5 && fields[MODE]!.startsWith("4");
const isLink = (fields: Fields) => fields[MODE]!.startsWith("@");

/** In the order in which they are tried. */
export const VARIANTS: readonly Variant[] = [
  {
    id: "canonical",
    text: "link counts counted, each inode at its first name",
    reason: "composefs-rs counts links and places inodes so; C takes both from the dumpfile",
    edit: undefined,
  },
  {
    id: "nanoseconds",
    text: "mtimes in whole seconds",
    reason: "tar without PAX headers and many archives keep whole seconds",
    edit: () => mtimes((fields) => fields[MTIME]!.replace(/\..*/, ".0")),
  },
  {
    id: "mtimes",
    text: "all mtimes 0",
    reason: "mkcomposefs --use-epoch, and ostree",
    edit: () => mtimes(() => "0.0"),
  },
  {
    id: "directory-mtimes",
    text: "mtimes of directories 0",
    reason: "tools that make missing directories, or unpack into new ones, give them no time of their own",
    edit: () => mtimes((fields) => (isDirectory(fields) ? "0.0" : fields[MTIME]!)),
  },
  {
    id: "xattrs",
    text: "without xattrs",
    reason: "mkcomposefs --skip-xattrs, and builds where xattrs cannot be read",
    edit: () => keepXattrs(() => false),
  },
  {
    id: "labels",
    text: "without security.selinux",
    reason: "one build ran with SELinux labels, the other without",
    edit: () => keepXattrs((key) => key !== "security.selinux"),
  },
  {
    id: "user-xattrs",
    text: "user.* xattrs only",
    reason: "mkcomposefs --user-xattrs",
    edit: () => keepXattrs((key) => key.startsWith("user.")),
  },
  {
    id: "oci",
    text: "as an OCI image: root as /usr, /run empty, security.capability only",
    reason: "composefs-rs changes trees of container images so",
    edit: (tree) => ociTransform(tree, (key) => key === "security.capability"),
  },
  {
    id: "oci-user-xattrs",
    text: "as an OCI image that keeps user.* xattrs, too",
    reason: "composefs-rs does so when it is asked to",
    edit: (tree) => ociTransform(tree, (key) => key === "security.capability" || key.startsWith("user.")),
  },
  {
    id: "object-paths",
    text: "objects named by their digests",
    reason: "composefs-rs makes redirects from digests; C takes the payload of the dumpfile",
    edit: () => objectPath,
  },
  {
    id: "hardlinks",
    text: "each name an inode of its own",
    reason: "mkcomposefs does not see hard links in a directory",
    edit: splitNames,
  },
];

function mtimes(timeOf: (fields: Fields) => string): LineEdit {
  return (fields) => {
    if (!isLink(fields)) fields[MTIME] = timeOf(fields);
    return fields;
  };
}

/** Keys are escaped, which changes nothing in those that are looked for. */
function keepXattrs(isKept: (key: string) => boolean): LineEdit {
  return (fields) => fields.filter((xattr, i) => i < XATTRS || isKept(xattr.slice(0, xattr.indexOf("="))));
}

/** oci-to-tree.md 5. Without a directory /usr there is no such tree, and nothing changes. */
function ociTransform(tree: Tree, isKept: (key: string) => boolean): LineEdit {
  const usr = findLine(tree, "/usr");
  if (usr === undefined || !isDirectory(usr)) return (fields) => fields;
  const filter = keepXattrs(isKept);
  return (fields) => {
    const path = fields[PATH]!;
    if (path.startsWith("/run/")) return undefined;
    if (path === "/run") fields[MTIME] = usr[MTIME]!;
    if (path !== "/") return filter(fields);
    for (const field of [MODE, UID, GID, MTIME]) fields[field] = usr[field]!;
    return filter([...fields.slice(0, XATTRS), ...usr.slice(XATTRS)]);
  };
}

function objectPath(fields: Fields): Fields {
  const digest = fields[DIGEST]!;
  if (digest !== "-") fields[PAYLOAD] = `${digest.slice(0, 2)}/${digest.slice(2)}`;
  return fields;
}

/** The first name of an inode comes before the others, so its fields are known. */
function splitNames(): LineEdit {
  const owners = new Map<string, Fields>();
  return (fields) => {
    if (isLink(fields)) return [fields[PATH]!, ...owners.get(fields[PAYLOAD]!)!.slice(1)];
    if (isDirectory(fields) || fields[NLINK] === "1") return fields;
    fields[NLINK] = "1";
    owners.set(fields[PATH]!, fields);
    return fields;
  };
}

/** The canonical line of a path. */
function findLine(tree: Tree, path: string): Fields | undefined {
  for (const lines of canonicalLines(tree)) {
    const line = lines.find((candidate) => candidate.startsWith(`${path} `));
    if (line !== undefined) return line.split(" ");
  }
  return undefined;
}
