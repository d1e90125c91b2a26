#!/usr/bin/env bash
# A checkpoint against an older policy: ci/compare.sh [--undecided fail|report] new.pth region5-seed0-scale2 [out/]
# Leaves claims.xml (JUnit), claims.json and claims.md in the folder; exits 1 if a claim regressed. A comparison that is
# undecided is no pass: it fails, too, unless --undecided report leaves it to whoever reads claims.md.
set -euo pipefail
usage() {
  echo "${1:+ci/compare.sh: $1; }usage: ci/compare.sh [--undecided fail|report] CHECKPOINT OLDER_POLICY [FOLDER]" >&2
  exit 2
}
undecided=fail
while [[ "${1:-}" == --* ]]; do
  case $1 in
    --undecided) undecided=${2:-}; shift $(($# > 1 ? 2 : 1)) ;;
    --undecided=*) undecided=${1#*=}; shift ;;
    *) usage "got $1, wanted --undecided or a checkpoint" ;;
  esac
done
case $undecided in
  fail | report) ;;
  *) usage "--undecided: got '$undecided', wanted fail or report" ;;
esac
if [ $# -lt 2 ] || [ $# -gt 3 ]; then usage "got $# names, wanted 2 or 3"; fi
whole_path() { if [ -e "$1" ]; then realpath "$1"; else echo "$1"; fi; }  # a name of a policy stays as it is
checkpoint=$(whole_path "$1")
older=$(whole_path "$2")
folder=$(realpath -m "${3:-claims-out}")
mkdir -p "$folder"
exec "$(dirname "$0")/claims.sh" --policy "$checkpoint" --against "$older" --undecided "$undecided" -n 2 \
  --junitxml "$folder/claims.xml" --claims-json "$folder/claims.json" --summary "$folder/claims.md"
