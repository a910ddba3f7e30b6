#!/bin/sh
# Prints an interpreter that has current PyTorch: the one of the virtual environment DIR, made if it can be; else python3.
dir=$1
if [ ! -x "$dir/bin/python" ]; then
  { python3 -m venv "$dir" && "$dir/bin/pip" install -q numpy torch; } >"$dir.log" 2>&1 || rm -rf "$dir"
fi
if [ -x "$dir/bin/python" ]; then echo "$dir/bin/python"; else echo python3; fi
