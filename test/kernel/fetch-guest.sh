#!/bin/bash
# Fetches the guest of the kernel test into .oracles/guest/: a kernel with fs-verity and the few programs and libraries
# that the guest needs beside node, from Debian trixie.
#
#   .oracles/guest/root      the packages, unpacked one over the other
#   .oracles/guest/version   version of the kernel
#   .oracles/guest/wanted    what was asked for
#
# Usage: fetch-guest.sh [--force]     (does nothing when the guest is there)
set -euo pipefail

project=$(cd "$(dirname "$0")/../.." && pwd)
guest="$project/.oracles/guest"
# trixie: Linux 6.12 (overlay's verity needs 6.6, EROFS from files 6.12), util-linux 2.41 (which mounts EROFS from files).
suite=trixie
kernel=linux-image-cloud-amd64
# dash, since the shell of busybox takes its own mount rather than that of util-linux.
packages=(busybox-static dash libc6 libstdc++6 libgcc-s1 mount libmount1 libblkid1 libselinux1 libpcre2-8-0 libsmartcols1
  keyutils libkeyutils1)
# What was asked for, so that a change of it fetches anew.
wanted="$suite $kernel ${packages[*]}"

if [[ "${1:-}" != --force && -s "$guest/version" && $(cat "$guest/wanted" 2>/dev/null) == "$wanted" ]]; then
  echo "guest kernel $(cat "$guest/version") (already in .oracles)"
  exit 0
fi

rm -rf "$guest"
"$project/test/oracle/debian-packages.sh" "$suite" "$guest/root" "+$kernel" "${packages[@]}"
echo "$wanted" >"$guest/wanted"
# Last, since it says that the guest is whole.
(cd "$guest/root/boot" && echo vmlinuz-* | sed 's/^vmlinuz-//') >"$guest/version"
echo "guest kernel $(cat "$guest/version")"
