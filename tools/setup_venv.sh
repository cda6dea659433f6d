#!/bin/sh
# Brings .venv up to date with pyproject.toml and constraints.txt: called by make.
set -eu
python=$1

command -v "$python" >/dev/null 2>&1 || {
    echo "Expected a Python interpreter, received PYTHON=$python, which is not there." >&2
    echo "Install Python 3.10 to 3.13, or name one: make run PYTHON=python3.12" >&2
    exit 1
}
"$python" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' || {
    echo "Expected Python 3.10 to 3.13, received $("$python" --version) from PYTHON=$python." >&2
    echo "Name another one: make run PYTHON=python3.12" >&2
    exit 1
}
"$python" -c 'import ensurepip' 2>/dev/null || {
    echo "$("$python" --version) has no venv. On Debian and Ubuntu: apt install python3-venv" >&2
    exit 1
}

if [ -d .venv ]; then
    echo "Bringing .venv up to date with pyproject.toml and constraints.txt."
else
    echo "Setting up .venv: TensorFlow, JupyterLab and what they need, about 650 MB to download"
    echo "and 2.8 GB on disk. Only this once; a few minutes on a fast line."
fi
rm -f .venv/up-to-date
"$python" -m venv .venv
.venv/bin/python -m pip install --disable-pip-version-check --progress-bar on \
    --constraint constraints.txt --editable '.[course,test,student]'
touch .venv/up-to-date
