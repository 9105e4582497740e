#!/bin/bash
# Fetches the reference mkcomposefs and composefs-info into .oracles/ and leaves two wrappers:
#
#   .oracles/bin/mkcomposefs   .oracles/bin/composefs-info   .oracles/version
#
# Debian carries composefs in sid only. The packages are downloaded with the machine's own apt, from the mirror it
# already uses, but with lists and a cache of our own: the system's apt state does not change and root is not needed.
# Nothing is installed. The tools start through the unpacked loader, since they want a newer libc than the machine has.
#
# Usage: fetch-mkcomposefs.sh [--force]     (does nothing when the wrappers already work)
set -euo pipefail

project=$(cd "$(dirname "$0")/../.." && pwd)
oracles="$project/.oracles"
packages=(composefs libcomposefs1 libc6 libssl3t64 libzstd1 zlib1g)

# Prints the version, or fails when the tool is not there or does not run.
tool_version() {
  [[ -x "$oracles/bin/mkcomposefs" && -s "$oracles/version" ]] || return 1
  printf '/ 0 40755 2 0 0 0 0.0 - - -\n' | "$oracles/bin/mkcomposefs" --from-file --print-digest-only - >/dev/null || return 1
  cat "$oracles/version"
}

if [[ "${1:-}" != --force ]] && version=$(tool_version 2>/dev/null); then
  echo "mkcomposefs $version (already in .oracles)"
  exit 0
fi

for tool in apt-get dpkg-deb; do
  command -v "$tool" >/dev/null || { echo "fetch-mkcomposefs: needs $tool (a Debian machine)" >&2; exit 1; }
done

mkdir -p "$oracles"
work=$(mktemp -d "$oracles/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT

# The mirror as apt itself reads it from either format of its sources. Security archives have no sid.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | sort -u | head -n 1)
[[ -n "$mirror" ]] || { echo "fetch-mkcomposefs: apt names no mirror" >&2; exit 1; }
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
signed_by=""
[[ ! -e $keyring ]] || signed_by="[signed-by=$keyring] "

mkdir -p "$work"/{lists/partial,cache/archives/partial,deb,root}
printf 'deb %s%s sid main\n' "$signed_by" "$mirror" >"$work/sources.list"
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
(cd "$work/deb" && apt-get "${apt_options[@]}" download "${packages[@]}")
for deb in "$work"/deb/*.deb; do
  dpkg-deb -x "$deb" "$work/root"
done
dpkg-deb -f "$work"/deb/composefs_*.deb Version | sed 's/-.*//' >"$work/version"

# The wrappers exec the loader at once: one small shell start is all they add to a measured run.
loader=$(cd "$work/root" && ls usr/lib/*/ld-linux*.so.* usr/lib64/ld-linux*.so.* 2>/dev/null | head -n 1)
libraries=$(dirname "$(cd "$work/root" && ls usr/lib/*/libc.so.6 | head -n 1)")
mkdir "$work/bin"
for tool in mkcomposefs composefs-info; do
  cat >"$work/bin/$tool" <<WRAPPER
#!/bin/sh
exec '$oracles/root/$loader' --library-path '$oracles/root/$libraries' '$oracles/root/usr/bin/$tool' "\$@"
WRAPPER
  chmod +x "$work/bin/$tool"
done

rm -rf "$oracles/root" "$oracles/bin" "$oracles/version"
mv "$work/root" "$work/version" "$oracles/"
mv "$work/bin" "$oracles/"
version=$(tool_version) || { echo "fetch-mkcomposefs: the tool was fetched but does not run" >&2; exit 1; }
echo "mkcomposefs $version"
