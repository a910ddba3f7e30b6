// NAS-Bench-201 ranked by Eproxy: cells drawn from the space, or those of a table.
use nas_bench_201;
use eproxy;

param table     = none          "a TSV file: cells and their accuracy; without it cells are drawn";
param images    = "dead_leaves" "dead_leaves, noise, cifar10:FILE or folder:DIR";
param n         = 100           "how many cells; more than there are: all";
param sample    = 0             "the seed that draws them";
param repeats   = 1             "independent initialisations of each";
param readout   = "last"      "last: the loss reached; ratio: divided by the loss before any update";
param dead_last = false       "rank cells that let nothing through behind all others";

rank if table == none then draw(nas_bench_201, n, seed: sample)
                      else rows(table, nas_bench_201, n, seed: sample)
  by eproxy(images: images, repeats: repeats, readout: readout, dead_last: dead_last);
