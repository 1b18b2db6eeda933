#!/bin/sh
# Makes scikit-learn importable for train.sh, by the first way that works: it is there already; a virtual environment;
# a folder of our own (images without python3-venv). Needs no root.
set -eu

if python3 -c 'import sklearn, joblib' 2>/dev/null; then
    echo "scikit-learn is there already"
    exit 0
fi

if python3 -m venv .venv >/dev/null 2>&1 && .venv/bin/python -m pip --version >/dev/null 2>&1; then
    echo "installing scikit-learn into a virtual environment"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check scikit-learn
    exit 0
fi
rm -rf .venv

if python3 -m pip --version >/dev/null 2>&1; then
    echo "installing scikit-learn into a folder (this image has no python3-venv)"
    python3 -m pip install --quiet --disable-pip-version-check --target packages scikit-learn
    exit 0
fi

echo "this image has neither python3-venv nor pip: install one of them in startup_script" >&2
exit 1
