#!/bin/bash
# Builds the test registry with the native API for referrers, test/support/registry/native, into .oracles/bin. Needs Go.
#
# Usage: build-native-registry.sh     (does nothing when the program is there and newer than its sources)
set -euo pipefail

project=$(cd "$(dirname "$0")/../.." && pwd)
sources="$project/test/support/registry/native"
program="$project/.oracles/bin/native-registry"

if [[ -x $program && -z $(find "$sources" -newer "$program" -type f) ]]; then
  echo "native-registry (already in .oracles)"
  exit 0
fi
command -v go >/dev/null || { echo "build-native-registry: needs go" >&2; exit 1; }
mkdir -p "$(dirname "$program")"
(cd "$sources" && go build -o "$program" .)
echo "native-registry built"
