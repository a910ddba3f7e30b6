// Discrete Proxy Search on NAS-Bench-201: the settings of Eproxy that rank 20 benchmarked cells best,
// and what they are worth on other cells. For cells of your own, `nasc sample FILE --for-labels 20`
// draws a selection set, and both tables have a column `arch` and one metric.
//
//     nasc run examples/search.nas table=cifar10.tsv --out found
use nas_bench_201;
use eproxy;
use eproxy_space;

param table   = "cells.tsv"   "a TSV file: cells and their accuracy";
param images  = "dead_leaves" "dead_leaves, noise, cifar10:FILE or folder:DIR";
param labels  = 20            "cells to choose by";
param n       = 500           "cells to judge by; those chosen by are left out";
param budget  = 200           "proxies to try";
param repeats = 1             "independent initialisations of each";
param seed    = 0             "draws the cells and the proxies";

search tuned in eproxy_space(images: images, repeats: repeats)
  by spearman on rows(table, nas_bench_201, labels, seed: seed)
  evaluate rows(table, nas_bench_201, n, seed: seed + 1, overlap: drop)
  against eproxy(images: images, repeats: repeats)
  using evolution(budget: budget, population: 40, tournament: 10, mutation: 0.2, lag: 8, seed: seed);
