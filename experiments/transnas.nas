// TransNAS-Bench-101 micro by Eproxy, the authors' setting for it, on images of 32 or 64 pixels.
use transnas_micro;
use eproxy;

param table      = "micro_class_scene.tsv" "networks and a metric";
param images     = "dead_leaves" "dead_leaves, noise, cifar10:FILE or folder:DIR";
param cells      = 500 "networks";
param narrow     = 2   "what the scored networks' widths are divided by";
param resolution = 32  "rows and columns of the images";
param steps      = 10  "forward passes";

proxy sharp(net) {
  use eproxy;
  per run { x = batch(images, count, like: [3, resolution, resolution], augment: augment); }
}

rank rows(table, transnas_micro(narrow: narrow), cells, seed: 1)
  by sharp(images: images, steps: steps, lr: 1.0, bases: i => ["net"], head_width: i => 32, barrier_width: i => 32);
