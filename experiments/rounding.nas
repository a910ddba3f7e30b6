// How far the last bit reaches: NAS-Bench-201 by Eproxy, the images scaled by a number that rounding alone can tell
// from 1. Two such runs differ as two orders of summation do; what separates Winograd's kernels from direct ones
// (`--algorithm direct`) is to be no more.
use nas_bench_201;
use eproxy;

param table  = "cifar10_valid.tsv" "cells and their accuracy";
param images = "dead_leaves" "dead_leaves, noise, cifar10:FILE or folder:DIR";
param n      = 300 "cells";
param nudge  = 0.0 "what is added to 1";

proxy nudged(net) {
  use eproxy;
  per run { x = (1 + nudge) * batch(images, count, like: net.input, augment: augment); }
}

rank rows(table, nas_bench_201, n, seed: 1) by nudged(images: images);
