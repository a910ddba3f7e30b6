// Discrete Proxy Search on NAS-Bench-201: settings chosen on 20 cells, judged on others.
use nas_bench_201;
use eproxy;
use eproxy_space;

param table   = "cifar10_valid.tsv" "cells and their accuracy";
param images  = "dead_leaves" "dead_leaves, noise, cifar10:FILE or folder:DIR";
param labels  = 20            "cells to choose by";
param cells   = 500           "cells to judge by";
param budget  = 32            "proxies to try";
param seed    = 0             "draws the cells to choose by, and the proxies";

// The paper's dimensions, and what of the losses is the score.
proxy relative(net) {
  use eproxy_space;
  choice readout in {"last", "ratio"};
}

search tuned in relative(images: images)
  by spearman on rows(table, nas_bench_201, labels, seed: 100 + seed)
  evaluate rows(table, nas_bench_201, cells, seed: 1, overlap: drop)
  against eproxy(images: images)
  using evolution(budget: budget, population: 16, tournament: 5, mutation: 0.2, lag: 4, seed: seed);
