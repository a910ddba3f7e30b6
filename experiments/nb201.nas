// NAS-Bench-201 by Eproxy: its authors' setting over repeats and steps, with the barrier and without.
use nas_bench_201;
use eproxy;
use "bare.nas";

param table   = "cifar10_valid.tsv" "cells and their accuracy";
param images  = "dead_leaves" "dead_leaves, noise, cifar10:FILE or folder:DIR";
param n       = 1000      "cells";
param steps   = 10        "forward passes";
param repeats = 1         "independent initialisations of each";
param barred  = true      "with the barrier";

rank rows(table, nas_bench_201, n, seed: 1)
  by if barred then eproxy(images: images, repeats: repeats, steps: steps)
               else bare(images: images, repeats: repeats, steps: steps);
