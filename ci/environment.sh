# Makes .venv when it is missing or out of date, and activates it. Sourced by tests.sh and claims.sh.
#
# PYTHON chooses the interpreter (3.10, 3.11 or 3.12); without it the first suitable one on the PATH is taken.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

suitable() {
  "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 13))' 2>/dev/null
}

if [ -z "${PYTHON:-}" ]; then
  for candidate in python3 python3.12 python3.11 python3.10 python; do
    if suitable "$candidate"; then PYTHON=$candidate; break; fi
  done
fi
if [ -z "${PYTHON:-}" ] || ! suitable "$PYTHON"; then
  echo "interp-claims: found ${PYTHON:-no Python}, wanted Python 3.10, 3.11 or 3.12; set PYTHON to one" >&2
  exit 1
fi

wanted=$(cat pyproject.toml ci/constraints.txt | "$PYTHON" -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())')
if [ ! -x .venv/bin/python ] || [ "$(cat .venv/made-from 2>/dev/null)" != "$wanted" ]; then
  echo "interp-claims: setting up .venv (once; PyTorch is large)"
  "$PYTHON" -m venv --clear .venv || exit 1
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint ci/constraints.txt --editable '.[dev]' || exit 1
  echo "$wanted" > .venv/made-from
fi
. .venv/bin/activate
