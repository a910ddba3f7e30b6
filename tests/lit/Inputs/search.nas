// A search over a few settings of Eproxy, quick enough for tests.
use eproxy;
use eproxy_space;
use "small.nas";

param selection  = "a.tsv" "the table to choose by";
param evaluation = "b.tsv" "the table to judge by";
param budget = 8 "points";
param lag = 3 "results a child does not wait for";
param drop_seed = 0 "the engine's seed";

few = eproxy_space(steps: 3, taps: 1, tap_head_width: [16], tap_barrier_width: [16],
                   tap_head_kernel: [1], tap_barrier_kernel: [1]);

search tuned in few(repeats: 2)
  by spearman on rows(selection, small)
  evaluate rows(evaluation, small)
  against eproxy(steps: 3, taps: 1, head_width: i => 16, barrier_width: i => 16)
  using evolution(budget: budget, population: 4, tournament: 2, lag: lag, seed: drop_seed);
