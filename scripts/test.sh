#!/usr/bin/env bash
# Runs every test and prints the totals as its last line.
set -uo pipefail
cd "$(dirname "$0")/.."
out=$(mktemp)
trap 'rm -f "$out"' EXIT

status=0
go vet ./... || status=1
go test -json -timeout 20m ./... >"$out" || status=1
# The store's named crash points are compiled in for these alone.
go test -json -timeout 5m -tags failpoints -run 'TestR1_|TestR7_' ./store/boltstore >>"$out" || status=1
go run ./internal/testtotals <"$out" || status=1
exit $status
