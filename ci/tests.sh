#!/usr/bin/env bash
# Style, types, and the library's own tests. Slow ones: ci/tests.sh -m slow
set -euo pipefail
source "$(dirname "$0")/environment.sh"
ruff check .
ruff format --check .
mypy
exec python -m pytest tests/ interp_claims/ --doctest-modules "$@"
