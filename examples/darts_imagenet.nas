// DARTS' cells, ranked by Eproxy with its authors' settings for cell spaces, among those that ImageNet's
// mobile setting admits: at most 600 million multiply-adds at 224x224.
use darts_imagenet;
use eproxy;

param table    = none          "a TSV file: genotypes and their accuracy; without it cells are drawn";
param images   = "dead_leaves" "dead_leaves, noise, cifar10:FILE or folder:DIR";
param n        = 20            "how many architectures; more than there are: all";
param sample   = 0             "the seed that draws them";
param repeats  = 1             "independent initialisations of each";
param channels = 16            "of the network that is scored, at its beginning";
param layers   = 8             "cells of the network that is scored";

rank if table == none then draw(darts_imagenet(channels: channels, layers: layers), n, seed: sample)
                      else rows(table, darts_imagenet(channels: channels, layers: layers), n,
                                seed: sample)
  by eproxy(images: images, repeats: repeats, taps: 1, bases: i => ["net"],
            head_kernel: i => 3, head_width: i => 512, barrier_width: i => 32);
