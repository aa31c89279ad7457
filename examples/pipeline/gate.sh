#!/bin/sh
# The gate of relcheck.toml, with the reports that servers read. Its exit code is the verdict.
set -eu
cd "$(dirname "$0")"
mkdir -p reports
exec relcheck run model.onnx --config relcheck.toml \
    --json reports/relcheck.json --html reports/relcheck.html \
    --format junit=reports/relcheck.xml --format markdown=reports/relcheck.md
