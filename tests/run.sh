#!/bin/sh
# Installs what the tests need, then runs all of them: once optimised, once under AddressSanitizer and UBSan. Both
# builds treat warnings as errors. The last line is `N passed, N failed`.
set -eu
cd "$(dirname "$0")/.."
sh scripts/install_packages.sh test
exec make -s check-all
