#!/bin/bash
# Fetches the reference mkcomposefs and composefs-info into .oracles/ and leaves two wrappers:
#
#   .oracles/bin/mkcomposefs   .oracles/bin/composefs-info   .oracles/version
#
# Debian carries composefs in sid only. The tools start through the unpacked loader, since they want a newer libc than the
# machine has.
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

rm -rf "$oracles/bin" "$oracles/version"
"$project/test/oracle/debian-packages.sh" sid "$oracles/root" "${packages[@]}"

# The wrappers exec the loader at once: one small shell start is all they add to a measured run.
loader=$(cd "$oracles/root" && ls usr/lib/*/ld-linux*.so.* usr/lib64/ld-linux*.so.* 2>/dev/null | head -n 1)
libraries=$(dirname "$(cd "$oracles/root" && ls usr/lib/*/libc.so.6 | head -n 1)")
mkdir "$oracles/bin"
for tool in mkcomposefs composefs-info; do
  cat >"$oracles/bin/$tool" <<WRAPPER
#!/bin/sh
exec '$oracles/root/$loader' --library-path '$oracles/root/$libraries' '$oracles/root/usr/bin/$tool' "\$@"
WRAPPER
  chmod +x "$oracles/bin/$tool"
done

sed -n 's/^composefs \([^-]*\).*/\1/p' "$oracles/root/versions" >"$oracles/version"
version=$(tool_version) || { echo "fetch-mkcomposefs: the tool was fetched but does not run" >&2; exit 1; }
echo "mkcomposefs $version"
