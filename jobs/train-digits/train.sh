#!/bin/sh
# Runs train.py with the Python that install.sh prepared.
set -eu
if [ -x .venv/bin/python ]; then
    exec .venv/bin/python train.py "$@"
fi
if [ -d packages ]; then
    PYTHONPATH=$PWD/packages${PYTHONPATH:+:$PYTHONPATH}
    export PYTHONPATH
fi
exec python3 train.py "$@"
