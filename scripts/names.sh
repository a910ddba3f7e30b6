#!/bin/sh
# No space and no proxy of the library is known to a C file by its name: each line that names one is printed; fails if
# there was one.
cd "$(dirname "$0")/.." || exit 2
names=$(sed -nE 's/^(space|proxy) ([a-z_0-9]+).*/\2/p' lib/*.nas | sort -u | paste -sd'|')
[ -n "$names" ] && ! grep -rnE "\"([^\"]*[^a-z_0-9\"])?($names)([^a-z_0-9\"][^\"]*)?\"" src grammar --include='*.[chyl]' --include='*.def'
