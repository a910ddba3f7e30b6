// Discrete Proxy Search on a space of NDS-ImageNet: settings chosen on 20 networks, judged on all others. The scored
// networks have a fraction of their width, as the widest take seconds each; sizes are those of the whole ones.
use nds_darts;
use nds_enas;
use nds_resnext;
use eproxy;
use eproxy_space;

param which   = "darts"       "darts, enas or resnext";
param table   = "DARTS_in.json" "the published runs of that space";
param images  = "dead_leaves" "dead_leaves, noise, cifar10:FILE or folder:DIR";
param labels  = 20            "networks to choose by";
param narrow  = 4             "what the width is divided by";
param budget  = 24            "proxies to try";
param seed    = 0             "draws the networks to choose by, and the proxies";

spaces = record(
  darts: nds_darts(narrow: narrow),
  enas: nds_enas(narrow: narrow),
  resnext: nds_resnext(narrow: narrow));

proxy patient(net) {
  use eproxy_space;
  choice steps in {10, 20};
  choice readout in {"last", "ratio"};
}

search tuned in patient(images: images, taps: 1)
  by spearman on rows(table, spaces[which], labels, seed: 100 + seed, format: "nds")
  evaluate rows(table, spaces[which], seed: 1, format: "nds", overlap: drop)
  against eproxy(images: images, taps: 1, bases: i => ["net"], head_kernel: i => 3, head_width: i => 512, barrier_width: i => 32)
  using evolution(budget: budget, population: 16, tournament: 5, mutation: 0.2, lag: 4, seed: seed);
