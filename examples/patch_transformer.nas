// Transformers over patches ranked by Eproxy.
use patch_transformer;
use eproxy;

param table   = none          "a TSV file: networks and a metric; without it they are drawn";
param images  = "dead_leaves" "dead_leaves, noise, cifar10:FILE or folder:DIR";
param n       = 20            "how many networks; more than there are: all";
param sample  = 0             "the seed that draws them";
param repeats = 1             "independent initialisations of each";

rank if table == none then draw(patch_transformer, n, seed: sample)
                      else rows(table, patch_transformer, n, seed: sample)
  by eproxy(images: images, repeats: repeats);
