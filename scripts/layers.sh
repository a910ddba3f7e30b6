#!/bin/sh
# Who may include whom: base <- ir <- codegen <- runtime, ir <- frontend <- runtime, main and command above
# all. Each line that breaks the order, or a rule for a foreign header, is printed; fails if there was one.
cd "$(dirname "$0")/.." && grep -rnE '^[ \t]*#[ \t]*include' "${1:-src}" --include='*.[ch]' --include='*.def' | awk '
BEGIN {
    room["base"] = " base "; room["ir"] = " base ir "; room["codegen"] = " base ir codegen "
    room["frontend"] = " base ir frontend "; room["runtime"] = " base ir codegen frontend runtime "
}
{
    file = $0; sub(/:.*/, "", file)
    header = $0; sub(/^[^"<]*["<]/, "", header); sub(/[">].*/, "", header)
    n = split(file, part, "/"); from = n > 2 ? part[n - 1] : ""; split(header, to, "/")
    ok = 1
    if (from in room && (header ~ /^(nasc|options)\.h$/ || to[1] == "command")) ok = 0
    if (from in room && to[1] in room && !index(room[from], " " to[1] " ")) ok = 0
    if (header ~ /^llvm(-c)?\// && file !~ /codegen\/llvm\.h$/) ok = 0
    if (header ~ /codegen\/llvm\.h$/ && from != "codegen") ok = 0
    if (header ~ /^(cblas|lapacke)/ && file !~ /runtime\/blas\.c$/) ok = 0
    if (header ~ /^(parser|scanner)\.h$/ && file !~ /frontend\/parse[a-z_]*\.c$/) ok = 0
    if (!ok) { print file ": must not include " header; bad = 1 }
}
END { exit bad || NR == 0 }'
