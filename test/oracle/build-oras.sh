#!/bin/bash
# Builds `oras`, a client of registries by other people, into .oracles/bin. Needs Go.
#
# Usage: build-oras.sh     (does nothing when that version is there)
set -euo pipefail

version=v1.3.6
project=$(cd "$(dirname "$0")/../.." && pwd)
bin="$project/.oracles/bin"

if [[ -x $bin/oras && -e $bin/oras-$version ]]; then
  echo "oras $version (already in .oracles)"
  exit 0
fi
command -v go >/dev/null || { echo "build-oras: needs go" >&2; exit 1; }
mkdir -p "$bin"
GOBIN="$bin" go install "oras.land/oras/cmd/oras@$version"
touch "$bin/oras-$version"
echo "oras $version built"
