#!/bin/bash
# Fetches the guest of the kernel test into .oracles/guest/: a kernel with fs-verity and the few programs and libraries
# that the guest needs beside node, from Debian trixie.
#
#   .oracles/guest/root      the packages, unpacked one over the other
#   .oracles/guest/version   version of the kernel
#   .oracles/guest/wanted    what was asked for
#
# The packages are downloaded with the machine's own apt, from the mirror it already uses, but with lists and a cache of
# our own: the system's apt state does not change and root is not needed. Nothing is installed.
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

for tool in apt-get apt-cache dpkg-deb; do
  command -v "$tool" >/dev/null || { echo "fetch-guest: needs $tool (a Debian machine)" >&2; exit 1; }
done

mkdir -p "$project/.oracles"
work=$(mktemp -d "$project/.oracles/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT

# The mirror as apt itself reads it from either format of its sources. Security archives have no whole suite.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | sort -u | head -n 1)
[[ -n "$mirror" ]] || { echo "fetch-guest: apt names no mirror" >&2; exit 1; }
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
signed_by=""
[[ ! -e $keyring ]] || signed_by="[signed-by=$keyring] "

mkdir -p "$work"/{lists/partial,cache/archives/partial,deb,root}
printf 'deb %s%s %s main\n' "$signed_by" "$mirror" "$suite" >"$work/sources.list"
apt_options=(
  -qq
  -o Dir::Etc::sourcelist="$work/sources.list"
  -o Dir::Etc::sourceparts=/dev/null
  -o Dir::Etc::preferencesparts=/dev/null
  -o Dir::State::Lists="$work/lists"
  -o Dir::Cache="$work/cache"
  -o Acquire::Languages=none
  -o Acquire::Retries=3
)
[[ $(id -u) -ne 0 ]] || apt_options+=(-o APT::Sandbox::User=root)

apt-get "${apt_options[@]}" update
# The package of that name is empty and depends on the kernel itself.
image=$(apt-cache "${apt_options[@]}" depends "$kernel" | sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1)
[[ -n "$image" ]] || { echo "fetch-guest: $kernel names no kernel" >&2; exit 1; }
(cd "$work/deb" && apt-get "${apt_options[@]}" download "$image" "${packages[@]}")
for deb in "$work"/deb/*.deb; do
  dpkg-deb -x "$deb" "$work/root"
done
(cd "$work/root/boot" && echo vmlinuz-* | sed 's/^vmlinuz-//') >"$work/root/version"

rm -rf "$guest"
mkdir -p "$guest"
mv "$work/root/version" "$work/version"
mv "$work/root" "$guest/root"
echo "$wanted" >"$guest/wanted"
# Last, since it says that the guest is whole.
mv "$work/version" "$guest/version"
echo "guest kernel $(cat "$guest/version")"
