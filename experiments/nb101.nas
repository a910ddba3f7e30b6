// NAS-Bench-101 by Eproxy, every setting a parameter: what ranks its cells best.
use nas_bench_101;
use eproxy;
use "bare.nas";

param table   = "cifar10_eval2500.tsv" "cells and their accuracy";
param images  = "dead_leaves" "dead_leaves, noise, cifar10:FILE or folder:DIR";
param n       = 300       "cells";
param stem    = 16        "channels of the first stack";
param steps   = 40        "forward passes";
param repeats = 1         "independent initialisations of each";
param bases   = "wave_h"  "signals, joined by +";
param level   = 1.0       "their amplitude";
param kernel  = 1         "of the head";
param width   = 512       "channels of the head";
param barrier = 64        "channels of the barrier";
param lr      = 1.2       "learning rate";
param barred  = true      "with the barrier; without it the head goes to `barrier` channels";
param init    = "default" "initialisation of the network and its head";

cells = rows(table, nas_bench_101(stem: stem), n, seed: 1);
signal(i) = split(bases, "+");
height(i) = level;
k(i) = kernel;
wide(i) = width;
to(i) = barrier;

rank cells by if barred then eproxy(images: images, repeats: repeats, steps: steps, lr: lr, taps: 1, bases: signal,
                                    level: height, head_kernel: k, head_width: wide, barrier_width: to, init_net: init)
                        else bare(images: images, repeats: repeats, steps: steps, lr: lr, taps: 1, bases: signal,
                                  level: height, head_kernel: k, head_width: to, barrier_width: to, init_net: init);
