#!/bin/bash
# Installs the hosts that run engine.wasm beside this Node, in pinned versions, into .oracles/hosts: the packages of the other
# JavaScript runtimes, wasmtime for Python, and the drivers in Go and Rust, which it builds. Browsers are Debian's.
#
# Usage: install.sh     (does nothing for what is there already; needs npm, python3 with pip, go, cargo)
set -euo pipefail

sources=$(cd "$(dirname "$0")" && pwd)
hosts=$(cd "$sources/../.." && pwd)/.oracles/hosts
mkdir -p "$hosts"

# Notes in $hosts that what FILE pins is installed as NAME, after COMMAND did so.
once() {
  local name=$1 file=$2
  shift 2
  if cmp -s "$file" "$hosts/$name.pinned"; then return; fi
  rm -rf "${hosts:?}/$name"
  mkdir -p "$hosts/$name"
  "$@"
  cp "$file" "$hosts/$name.pinned"
  echo "installed $name"
}

# A binary comes in the package itself: what would download another one is not run.
install_js() {
  cp "$sources/js/package.json" "$sources/js/package-lock.json" "$hosts/js"
  (cd "$hosts/js" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
}

install_python() {
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --require-hashes --only-binary :all: \
    --target "$hosts/python" -r "$sources/python/requirements.txt"
}

once js "$sources/js/package-lock.json" install_js
once python "$sources/python/requirements.txt" install_python
# The compilers know by themselves what is up to date.
(cd "$sources/go" && go build -mod=readonly -o "$hosts/go/host" .)
CARGO_TARGET_DIR=$hosts/rust cargo build --quiet --locked --manifest-path "$sources/rust/Cargo.toml"
