// Discrete Proxy Search on the ResNeXt-A space of NDS-ImageNet: settings chosen on 20 networks, judged on all others. The scored
// networks have half their width, as the widest take seconds each; sizes are those of the whole ones.
use nds_resnext;
use eproxy;
use eproxy_space;

param table   = "ResNeXt-A_in.json" "the published runs";
param images  = "dead_leaves" "dead_leaves, noise, cifar10:FILE or folder:DIR";
param labels  = 20            "networks to choose by";
param narrow  = 2             "what the width is divided by";
param budget  = 24            "proxies to try";
param seed    = 0             "draws the networks to choose by, and the proxies";

proxy patient(net) {
  use eproxy_space;
  choice steps in {10, 20};
  choice readout in {"last", "ratio"};
}

search tuned in patient(images: images, taps: 1)
  by spearman on rows(table, nds_resnext(narrow: narrow), labels, seed: 100 + seed, format: "nds")
  evaluate rows(table, nds_resnext(narrow: narrow), seed: 1, format: "nds", overlap: drop)
  against eproxy(images: images, taps: 1, bases: i => ["net"], head_kernel: i => 3, head_width: i => 512, barrier_width: i => 32)
  using evolution(budget: budget, population: 16, tournament: 5, mutation: 0.2, lag: 4, seed: seed);
