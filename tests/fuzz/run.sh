#!/bin/sh
# Fuzzes for a while: tests/fuzz/run.sh BUILD SECONDS. BUILD was made by `make fuzz-build`. The seeds are the programs
# of the tree. What broke it is left in BUILD/fuzz; the last line is `N passed, N failed`.
set -u
build=$1 seconds=$2 passed=0 failed=0
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$build/fuzz
rm -rf "$work" && mkdir -p "$work/seeds"
k=0
find "$root/examples" "$root/lib" "$root/tests" -name '*.nas' -size -16k | sort | while read -r f; do
  k=$((k + 1))
  cp "$f" "$work/seeds/$k.nas"
done
sed -n 's/^KEYWORD([A-Z_]*, \(".*"\))/\1/p' "$root/src/frontend/keywords.def" >"$work/words"
for target in parse load; do
  mkdir "$work/$target"
  log=$work/$target.log
  if "$build/fuzz_$target" -max_total_time="$seconds" -seed=1 -max_len=16384 -timeout=20 -rss_limit_mb=3000 \
    -dict="$work/words" -artifact_prefix="$work/$target-" -print_final_stats=1 "$work/$target" "$work/seeds" \
    >"$log" 2>&1; then
    passed=$((passed + 1))
    echo "fuzz_$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs in $seconds s"
  else
    failed=$((failed + 1))
    echo "FAILED: fuzz_$target"
    tail -40 "$log"
  fi
done
echo "$passed $failed 0" >>"$build/test-counts"
echo "$build: $passed passed, $failed failed"
[ "$failed" = 0 ]
