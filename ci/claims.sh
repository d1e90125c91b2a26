#!/usr/bin/env bash
# Every claim against the default policy, or against what is asked for: ci/claims.sh --policy my_checkpoint.pth
set -euo pipefail
source "$(dirname "$0")/environment.sh"
exec python -m pytest claims/ "$@"
