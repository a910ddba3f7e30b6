// NAS-Bench-101 ranked by the authors' plain setting of Eproxy for it.
use nas_bench_101;
use eproxy;

param table   = none          "a TSV file: cells and their accuracy; without it cells are drawn";
param images  = "dead_leaves" "dead_leaves, noise, cifar10:FILE or folder:DIR";
param n       = 100           "how many cells; more than there are: all";
param sample  = 0             "the seed that draws them";
param repeats = 1             "independent initialisations of each";
param stem    = 128           "channels of the first stack";

rank if table == none then draw(nas_bench_101(stem: stem), n, seed: sample)
                      else rows(table, nas_bench_101(stem: stem), n, seed: sample)
  by eproxy(images: images, repeats: repeats, taps: 1, bases: i => ["net"],
            head_width: i => 512, barrier_width: i => 64);
