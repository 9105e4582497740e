#!/bin/bash
# Installs moto's server, which speaks the protocol of S3, into .oracles/s3, pinned by hashes. Needs python3 with pip.
#
# Usage: install-s3-server.sh     (does nothing when what is pinned is there)
set -euo pipefail

project=$(cd "$(dirname "$0")/../.." && pwd)
pinned="$project/test/support/service/s3-requirements.txt"
target="$project/.oracles/s3"

if cmp -s "$pinned" "$target/pinned.txt"; then
  echo "S3 server (already in .oracles)"
  exit 0
fi
rm -rf "$target"
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --require-hashes --only-binary :all: \
  --target "$target" -r "$pinned"
cp "$pinned" "$target/pinned.txt"
echo "S3 server installed"
