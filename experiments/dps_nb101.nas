// Discrete Proxy Search on NAS-Bench-101: settings chosen on the authors' 20 cells, judged on others.
use nas_bench_101;
use eproxy;
use eproxy_space;

param chosen_by = "cifar10_dps20.tsv"    "cells to choose by";
param judged_by = "cifar10_eval2500.tsv" "cells to judge by";
param images    = "dead_leaves" "dead_leaves, noise, cifar10:FILE or folder:DIR";
param cells     = 300           "cells to judge by";
param stem      = 16            "channels of the first stack";
param budget    = 32            "proxies to try";
param repeats   = 1             "independent initialisations of each";
param seed      = 0             "draws the proxies";

// The paper's dimensions, of one tap, how long to train, and what of the losses is the score.
proxy patient(net) {
  use eproxy_space;
  choice steps in {10, 20, 40};
  choice readout in {"last", "ratio"};
}

search tuned in patient(images: images, repeats: repeats, taps: 1)
  by spearman on rows(chosen_by, nas_bench_101(stem: stem))
  evaluate rows(judged_by, nas_bench_101(stem: stem), cells, seed: 1)
  against eproxy(images: images, repeats: repeats, taps: 1, bases: i => ["net"],
                 head_width: i => 512, barrier_width: i => 64)
  using evolution(budget: budget, population: 16, tournament: 5, mutation: 0.2, lag: 4, seed: seed);
