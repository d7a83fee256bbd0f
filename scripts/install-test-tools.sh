#!/usr/bin/env bash
# Installs what the tests talk to besides Go: a real IMAP server, a browser and
# a tracer that makes disks fail. A test whose tool is missing says so and skips.
set -euo pipefail

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
