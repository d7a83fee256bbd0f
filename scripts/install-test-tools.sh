#!/usr/bin/env bash
# Installs what the tests talk to besides Go: a real IMAP server, a browser, a
# tracer that makes disks fail, and axe-core, which looks at pages for what
# keeps people out. A test whose tool is missing says so and skips.
set -euo pipefail
cd "$(dirname "$0")/.."

# axe-core is for tests alone and stays outside the repository (.cache).
axe_version=4.10.3
axe_sha256=0f2b4d7dcdf7d1219df8d1959ad68e565f51d14c3f0d88bb71cd59abeb956292
fetch_axe() {
  if [ "$(cat .cache/axe-core/version 2>/dev/null)" = "$axe_sha256" ]; then
    return
  fi
  if ! command -v npm >/dev/null; then
    echo "Not fetched: axe-core, for there is no npm; until then pages are not looked at with it." >&2
    return
  fi
  local dir
  dir=$(mktemp -d)
  if ! (cd "$dir" && npm pack --silent "axe-core@$axe_version" >/dev/null) ||
    ! echo "$axe_sha256  $dir/axe-core-$axe_version.tgz" | sha256sum --check --status; then
    echo "Not fetched: axe-core $axe_version (no network, or its sum is another); until then pages are not looked at with it." >&2
    rm -rf "$dir"
    return
  fi
  mkdir -p .cache/axe-core
  tar xzf "$dir/axe-core-$axe_version.tgz" -C .cache/axe-core --strip-components=1 package/axe.min.js package/LICENSE
  echo "$axe_sha256" >.cache/axe-core/version
  rm -rf "$dir"
}
fetch_axe

declare -A package=([dovecot]=dovecot-imapd [chromium]=chromium [strace]=strace)
missing=()
for program in "${!package[@]}"; do
  PATH="$PATH:/usr/sbin" command -v "$program" >/dev/null || missing+=("${package[$program]}")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
  echo "Not installed: ${missing[*]}. Install them with your system's package manager; until then their tests skip." >&2
  exit 0
fi
become=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
    echo "Not installed: ${missing[*]}. Run: sudo apt-get install ${missing[*]}; until then their tests skip." >&2
    exit 0
  fi
  become=(sudo)
fi
echo "Installing for the tests: ${missing[*]}"
"${become[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${become[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
