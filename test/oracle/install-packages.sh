#!/bin/bash
# Installs the Debian packages named on the command line that are not there yet. Needs root only when one is missing.
#
# Usage: install-packages.sh fsverity erofs-utils
set -euo pipefail

missing=()
for package in "$@"; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ $status == installed ]] || missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

[[ $(id -u) -eq 0 ]] || { echo "install-packages: run as root: apt-get install ${missing[*]}" >&2; exit 1; }
export DEBIAN_FRONTEND=noninteractive
apt-get -qq -o Acquire::Retries=3 update
apt-get -qq -o Acquire::Retries=3 install -y --no-install-recommends "${missing[@]}" >/dev/null
echo "installed ${missing[*]}"
