// U-Nets ranked by Eproxy, which listens at the bottom and at the top.
use unet;
use eproxy;

param table   = none          "a TSV file: networks and a metric; without it they are drawn";
param images  = "dead_leaves" "dead_leaves, noise, cifar10:FILE or folder:DIR";
param n       = 20            "how many networks; more than there are: all";
param sample  = 0             "the seed that draws them";
param repeats = 1             "independent initialisations of each";

rank if table == none then draw(unet, n, seed: sample)
                      else rows(table, unet, n, seed: sample)
  by eproxy(images: images, repeats: repeats);
