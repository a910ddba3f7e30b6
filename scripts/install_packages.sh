#!/bin/sh
# Installs the Debian packages that nasc needs: `build`; with `test` those that its tests need too; with `develop` also
# those of `make format` and `make lint`.
# As root, or through sudo. Does nothing where everything is there.
set -eu
build="gcc make flex bison pkg-config llvm-19-dev libopenblas-dev libjansson-dev libpng-dev libjpeg62-turbo-dev
  libssl-dev libxxhash-dev"
test="libcmocka-dev llvm-19-tools python3 python3-torch clang-19 libclang-rt-19-dev"
wanted=$build
develop="clang-format-19 clang-tidy-19"
[ "${1:-build}" = test ] && wanted="$build $test"
[ "${1:-build}" = develop ] && wanted="$build $test $develop"
missing=
for package in $wanted; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
root=
[ "$(id -u)" = 0 ] || root=sudo
echo "installing:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
{ $root apt-get update -q && $root apt-get install -y -q --no-install-recommends $missing; } >"$log" 2>&1 || {
  tail -20 "$log"
  echo "the packages could not be installed" >&2
  exit 3
}
