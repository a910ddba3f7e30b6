// Discrete Proxy Search on TransNAS-Bench-101 micro: settings chosen on 20 networks, judged on others. How large the
// images are is chosen too: at 32 the network ends in maps of 2 x 2, which cannot follow a signal of 8 x 8. Sizes are those
// of the whole networks, narrow as the scored ones are.
use transnas_micro;
use eproxy;
use eproxy_space;

param table   = "micro_class_scene.tsv" "networks and a metric";
param images  = "dead_leaves" "dead_leaves, noise, cifar10:FILE or folder:DIR";
param labels  = 20            "networks to choose by";
param narrow  = 2             "what the scored networks' widths are divided by";
param cells   = 500           "networks to judge by";
param budget  = 24            "proxies to try";
param seed    = 0             "draws the networks to choose by, and the proxies";

proxy sharp(net) {
  use eproxy_space;
  choice resolution in {32, 64};
  choice readout in {"last", "ratio"};
  per run { x = batch(images, count, like: [3, resolution, resolution], augment: augment); }
}

search tuned in sharp(images: images)
  by spearman on rows(table, transnas_micro(narrow: narrow), labels, seed: 100 + seed)
  evaluate rows(table, transnas_micro(narrow: narrow), cells, seed: 1, overlap: drop)
  against eproxy(images: images, lr: 1.0, bases: i => ["net"], head_width: i => 32, barrier_width: i => 32)
  using evolution(budget: budget, population: 16, tournament: 5, mutation: 0.2, lag: 4, seed: seed);
