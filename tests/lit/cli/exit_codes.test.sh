# expects CODE COMMAND...: the command ends with that code.
nasc=$1 root=$2 t=$3
expects() {
  want=$1
  shift
  "$@" >"$t.out" 2>"$t.err"
  got=$?
  if [ "$got" != "$want" ]; then
    echo "expected exit code $want, got $got: $*"
    cat "$t.err"
    exit 1
  fi
}
examples=$root/examples
printf 'space s { input image[3, 8, 8]; network = conv(3, 4) -> unknown_layer; }\n' >"$t.wrong.nas"
printf 'space s { input image[3, 8, 8]; choice k in {1, 3}; network = conv(k, 4); require k == 2; }\n' >"$t.empty.nas"
expects 0 "$nasc" check "$examples/nas_bench_201.nas"
expects 1 "$nasc" check "$t.wrong.nas"
expects 1 "$nasc" sample "$t.empty.nas"
expects 1 "$nasc" show "$examples/nas_bench_201.nas" 'no architecture'
expects 2 "$nasc"
expects 2 "$nasc" frobnicate
expects 2 "$nasc" run
expects 2 "$nasc" run "$examples/nas_bench_201.nas" --frobnicate
expects 2 "$nasc" run "$examples/nas_bench_201.nas" --workers 0
expects 2 "$nasc" run "$examples/nas_bench_201.nas" --workers
expects 2 "$nasc" run "$examples/nas_bench_201.nas" no_such_parameter=1
expects 2 "$nasc" run "$examples/nas_bench_201.nas" n=abc
for setting in n=0 n=-3 sample=-1 repeats=0; do
  expects 2 "$nasc" run "$examples/nas_bench_201.nas" $setting
done
expects 2 "$nasc" check "$examples/nas_bench_201.nas" n=0
sed 's/param n *= [0-9]*/param n = 0/' "$examples/nas_bench_201.nas" >"$t.none.nas"
expects 1 "$nasc" run "$t.none.nas"
expects 2 "$nasc" score "$examples/nas_bench_201.nas"
expects 2 "$nasc" show "$examples/nas_bench_201.nas"
expects 2 "$nasc" show "$examples/smallest.nas" width=8,op=pool --as dot --json
expects 2 "$nasc" run "$examples/nas_bench_201.nas" --cpu pentium
expects 3 "$nasc" run "$t.does-not-exist.nas"
expects 3 "$nasc" run "$root/examples"
expects 3 "$nasc" run "$examples/nas_bench_201.nas" n=1 table="$t.does-not-exist.tsv"
expects 3 "$nasc" run "$examples/nas_bench_201.nas" n=1 --out /proc/no/such/folder
expects 3 "$nasc" run "$examples/nas_bench_201.nas" n=1 images=cifar10:"$t.does-not-exist.bin"
expects 3 "$nasc" run "$examples/nas_bench_201.nas" n=1 images=folder:"$t.does-not-exist"
head -c 5000 /dev/zero >"$t.truncated.bin"
expects 1 "$nasc" run "$examples/nas_bench_201.nas" n=1 images=cifar10:"$t.truncated.bin"
if [ -e /dev/full ]; then
  "$nasc" sample "$examples/nas_bench_201.nas" >/dev/full 2>"$t.err"
  [ $? = 3 ] || { echo "a full disk must end with 3"; exit 1; }
  expects 3 sh -c "'$nasc' --help >/dev/full"
fi
# What is no file is not replaced by one.
mkfifo "$t.pipe"
expects 3 "$nasc" export "$examples/smallest.nas" width=8,op=pool -o "$t.pipe"
[ -p "$t.pipe" ] && [ ! -e "$t.pipe.bin" ] || { echo "export took the place of a pipe"; exit 1; }
rm -f "$t.pipe"
# A crash is a bug of nasc and says so; in a build with sanitizers it is theirs to report.
if ! grep -q __asan_init "$nasc"; then
  "$nasc" run "$examples/nas_bench_201.nas" n=1000 --quiet >"$t.out" 2>"$t.err" &
  sleep 1
  kill -SEGV $!
  wait $!
  got=$?
  if [ "$got" != 70 ] || ! grep -q 'please report it with the program and the command' "$t.err"; then
    echo "a crash ended with $got:"
    cat "$t.err"
    exit 1
  fi
fi
