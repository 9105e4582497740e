#!/bin/bash
# Unpacks Debian packages of a suite into a folder, one over the other, without installing anything.
#
# They are downloaded with the machine's own apt, from the mirror it already uses, but with lists and a cache of our own:
# the system's apt state does not change and root is not needed.
#
# Usage: debian-packages.sh SUITE FOLDER PACKAGE...
#
# FOLDER appears when it is complete; an older one is replaced. FOLDER/versions has a line `PACKAGE VERSION` for each. Of an
# empty package +NAME stands for what it depends on.
set -euo pipefail

suite=$1
folder=$2
shift 2

for tool in apt-get dpkg-deb; do
  command -v "$tool" >/dev/null || { echo "debian-packages: needs $tool (a Debian machine)" >&2; exit 1; }
done

mkdir -p "$(dirname "$folder")"
work=$(mktemp -d "$(dirname "$folder")/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT

# The mirror as apt itself reads it from either format of its sources. Security archives have no whole suite.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | sort -u | head -n 1)
[[ -n "$mirror" ]] || { echo "debian-packages: apt names no mirror" >&2; exit 1; }
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
wanted=()
for name in "$@"; do
  if [[ $name == +* ]]; then
    mapfile -t needed < <(apt-cache "${apt_options[@]}" depends "${name#+}" | sed -n 's/^ *Depends: \([^ <]*\)$/\1/p')
    [[ ${#needed[@]} -gt 0 ]] || { echo "debian-packages: ${name#+} depends on nothing" >&2; exit 1; }
    wanted+=("${needed[@]}")
  else
    wanted+=("$name")
  fi
done
(cd "$work/deb" && apt-get "${apt_options[@]}" download "${wanted[@]}")
for deb in "$work"/deb/*.deb; do
  dpkg-deb -x "$deb" "$work/root"
  dpkg-deb -f "$deb" Package Version | sed 's/^[^:]*: //' | paste -sd ' ' >>"$work/root/versions"
done
rm -rf "$folder"
mv "$work/root" "$folder"
