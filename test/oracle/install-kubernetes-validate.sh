#!/bin/bash
# Installs kubernetes-validate, which has the schemas of Kubernetes with it, into .oracles/kubernetes, pinned by hashes. Needs
# python3 with pip.
#
# Usage: install-kubernetes-validate.sh     (does nothing when what is pinned is there)
set -euo pipefail

project=$(cd "$(dirname "$0")/../.." && pwd)
pinned="$project/test/support/service/kubernetes-requirements.txt"
target="$project/.oracles/kubernetes"

if cmp -s "$pinned" "$target/pinned.txt"; then
  echo "kubernetes-validate (already in .oracles)"
  exit 0
fi
rm -rf "$target"
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --require-hashes --only-binary :all: \
  --target "$target" -r "$pinned"
cp "$pinned" "$target/pinned.txt"
echo "kubernetes-validate installed"
