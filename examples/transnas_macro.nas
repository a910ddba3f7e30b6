// TransNAS-Bench-101, macro space, ranked by the authors' setting of Eproxy for it.
use transnas_macro;
use eproxy;

param table   = none          "a TSV file: architectures and a metric; without it they are drawn";
param images  = "dead_leaves" "dead_leaves, noise, cifar10:FILE or folder:DIR";
param n       = 100           "how many architectures; more than there are: all";
param sample  = 0             "the seed that draws them";
param repeats = 1             "independent initialisations of each";

rank if table == none then draw(transnas_macro, n, seed: sample)
                      else rows(table, transnas_macro, n, seed: sample)
  by eproxy(images: images, repeats: repeats, lr: 1.0, bases: i => ["net"],
            head_width: i => 32, barrier_width: i => 32);
