#!/bin/sh
# Both builds of the tests, a minute of fuzzing, and the sum of what they counted. Called by `make check-all`.
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
mkdir -p build-fuzz
rm -f build-fuzz/test-counts
if make -s -j"$jobs" fuzz-build; then
  sh tests/fuzz/run.sh build-fuzz 30 || status=1
else
  echo "build-fuzz does not build"
  echo "0 1 0" >build-fuzz/test-counts
  status=1
fi
cat build/test-counts build-asan/test-counts build-fuzz/test-counts | awk '{p += $1; f += $2; s += $3}
  END {if (s) print s " skipped"; print p " passed, " f " failed"}'
exit $status
