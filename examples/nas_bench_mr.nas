// NAS-Bench-MR ranked by the authors' setting of Eproxy for it.
use nas_bench_mr;
use eproxy;

param table   = none          "a TSV file: codes and a metric; without it they are drawn";
param images  = "dead_leaves" "dead_leaves, noise, cifar10:FILE or folder:DIR";
param n       = 20            "how many architectures; more than there are: all";
param sample  = 0             "the seed that draws them";
param repeats = 1             "independent initialisations of each";

rank if table == none then draw(nas_bench_mr, n, seed: sample)
                      else rows(table, nas_bench_mr, n, seed: sample)
  by eproxy(images: images, repeats: repeats, lr: 1.0, taps: 1, bases: i => ["net"],
            head_width: i => 32, barrier_width: i => 32);
