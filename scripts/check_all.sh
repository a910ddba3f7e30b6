#!/bin/sh
# Both builds of the tests and their sum. Called by `make check-all`.
set -u
jobs=$(nproc)
status=0
for build in build build-asan; do
  san=
  [ "$build" = build-asan ] && san=SAN=address
  rm -f "$build/test-counts"
  if ! make -s -j"$jobs" BUILD=$build WERROR=1 $san check-build; then
    echo "$build does not build"
    mkdir -p "$build"
    echo "0 1 0" >"$build/test-counts"
    status=1
    continue
  fi
  sh tests/suite.sh "$build" all || status=1
done
cat build/test-counts build-asan/test-counts | awk '{p += $1; f += $2; s += $3}
  END {if (s) print s " skipped"; print p " passed, " f " failed"}'
exit $status
