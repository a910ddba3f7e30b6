#!/bin/sh
# Runs the tests of one build: tests/suite.sh BUILD [unit|lit|all|TEST ...]. Prints what failed, then one line
# `N passed, N failed, N skipped`; the numbers are added to BUILD/test-counts.
set -u
build=$1
shift
passed=0 failed=0 skipped=0
lit="python3 /usr/lib/llvm-19/build/utils/lit/lit.py"

count() { # pattern file: the number that the pattern captures, or 0
  n=$(sed -n "s/$1/\1/p" "$2" | tail -1)
  echo "${n:-0}"
}

programs() {
  for test; do
    case $test in *.d | *.log | *.status) ;; *) printf '%s\0' "$test" ;; esac
  done
}

run_unit() {
  # shellcheck disable=SC2016
  programs "$@" | xargs -0 -n 1 -P "$(nproc)" sh -c '"$0" >"$0.log" 2>&1; echo $? >"$0.status"'
  for test; do
    case $test in *.d | *.log | *.status) continue ;; esac
    log=$test.log
    status=$(cat "$test.status")
    p=$(count '.*\[  PASSED  \] \([0-9]*\) test.*' "$log")
    f=$(count '.*\[  FAILED  \] \([0-9]*\) test.*' "$log")
    s=$(count '.*\[  SKIPPED \] \([0-9]*\) test.*' "$log")
    [ "$status" != 0 ] && [ "$f" = 0 ] && f=1
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    if [ "$f" != 0 ]; then
      echo "FAILED: $test"
      grep -v -e '\[       OK \]' -e '\[ RUN' "$log" | tail -25
    elif [ "$s" != 0 ]; then
      echo "skipped $s in $test:"
      grep -m1 '\[  SKIPPED \] [a-z]' "$log" || true
    fi
  done
}

run_lit() {
  log=$build/lit.log
  NASC_BUILD=$(cd "$build" && pwd) $lit -v --no-progress-bar -j2 tests/lit >"$log" 2>&1
  status=$?
  p=$(count ' *Passed *: *\([0-9]*\).*' "$log")
  f=$(count ' *Failed *: *\([0-9]*\).*' "$log")
  s=$(count ' *Unsupported *: *\([0-9]*\).*' "$log")
  [ "$status" != 0 ] && [ "$f" = 0 ] && f=1
  [ "$f" != 0 ] && grep -v -e '^PASS' "$log" | tail -150
  [ "$s" != 0 ] && grep '^UNSUPPORTED' "$log"
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

case ${1:-all} in
unit) run_unit "$build"/tests/*/test_* ;;
lit) run_lit ;;
all) run_unit "$build"/tests/*/test_*; run_lit ;;
*) run_unit "$@" ;;
esac
echo "$passed $failed $skipped" >>"$build/test-counts"
echo "$build: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
