use nas_bench_201 as nb;
a = nb.halve(8) -> nb.halv(8);
