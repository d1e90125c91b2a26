#!/usr/bin/env bash
# A checkpoint against an older policy: ci/compare.sh new.pth region5-seed0-scale2 [out/]
# Leaves claims.xml (JUnit), claims.json and claims.md in the folder; exits 1 if a claim regressed.
set -euo pipefail
if [ $# -lt 2 ]; then
  echo "usage: ci/compare.sh CHECKPOINT OLDER_POLICY [FOLDER]" >&2
  exit 2
fi
whole_path() { if [ -e "$1" ]; then realpath "$1"; else echo "$1"; fi; }  # a name of a policy stays as it is
checkpoint=$(whole_path "$1")
older=$(whole_path "$2")
folder=$(realpath -m "${3:-claims-out}")
mkdir -p "$folder"
exec "$(dirname "$0")/claims.sh" --policy "$checkpoint" --against "$older" -n 2 \
  --junitxml "$folder/claims.xml" --claims-json "$folder/claims.json" --summary "$folder/claims.md"
