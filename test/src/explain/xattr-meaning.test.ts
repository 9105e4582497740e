/** What values of xattrs mean. The values are what setcap, setfacl and chcon write. */
import { expect, test } from "vitest";
import { xattrMeaning } from "../../../src/explain/xattr-meaning.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));

test("capabilities of all revisions", () => {
  // setcap cap_net_bind_service,cap_net_raw+ep
  expect(xattrMeaning("security.capability", hex("01000002 00240000 00000000 00000000 00000000"))).toEqual([
    "permitted: cap_net_bind_service, cap_net_raw",
    "inheritable: none",
    "effective: yes, from the start",
    "revision 2",
  ]);
  // In a user namespace whose root is 1000; cap_perfmon is number 38.
  expect(xattrMeaning("security.capability", hex("00000003 00000000 01000000 40000000 00000000 e8030000"))).toEqual([
    "permitted: cap_perfmon",
    "inheritable: cap_chown",
    "effective: no, when the program asks",
    "revision 3, of the user namespace of uid 1000",
  ]);
  expect(xattrMeaning("security.capability", hex("01000001 01000000 00000000"))[0]).toBe("permitted: cap_chown");
});

test("ACLs", () => {
  // setfacl -m u:1000:rw
  const value = hex("02000000 01000600ffffffff 02000600e8030000 04000400ffffffff 10000600ffffffff 20000400ffffffff");
  const lines = ["user::rw-", "user:1000:rw-", "group::r--", "mask::rw-", "other::r--"];
  expect(xattrMeaning("system.posix_acl_access", value)).toEqual(lines);
  expect(xattrMeaning("system.posix_acl_default", value)).toEqual(lines);
});

test("labels", () => {
  const label = new TextEncoder().encode("system_u:object_r:bin_t:s0:c1,c2\0");
  expect(xattrMeaning("security.selinux", label)).toEqual([
    "user: system_u",
    "role: object_r",
    "type: bin_t",
    "level: s0:c1,c2",
  ]);
});

test("what is of another form, or not known, has no meaning", () => {
  expect(xattrMeaning("user.note", hex("00"))).toEqual([]);
  for (const value of ["", "01", "01000002", "010000020024", "ff0000ff 00240000 00000000 00000000 00000000"]) {
    expect(xattrMeaning("security.capability", hex(value)), value).toEqual([]);
  }
  for (const value of ["", "02", "03000000", "02000000 0100"]) {
    expect(xattrMeaning("system.posix_acl_access", hex(value)), value).toEqual([]);
  }
  expect(xattrMeaning("security.selinux", hex("61"))).toEqual([]);
});
