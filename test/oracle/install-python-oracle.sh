#!/bin/bash
# Installs an oracle that is written in Python into .oracles/NAME, pinned by the hashes in
# test/support/service/NAME-requirements.txt. Needs python3 with pip.
#
#   s3           moto's server, which speaks the protocol of S3
#   kubernetes   kubernetes-validate, which has the schemas of Kubernetes with it
#
# Usage: install-python-oracle.sh NAME...     (does nothing for those that are there as they are pinned)
set -euo pipefail

project=$(cd "$(dirname "$0")/../.." && pwd)

for name in "$@"; do
  pinned="$project/test/support/service/$name-requirements.txt"
  target="$project/.oracles/$name"
  if cmp -s "$pinned" "$target/pinned.txt"; then
    echo "$name (already in .oracles)"
    continue
  fi
  rm -rf "$target"
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --require-hashes --only-binary :all: \
    --target "$target" -r "$pinned"
  cp "$pinned" "$target/pinned.txt"
  echo "$name installed"
done
