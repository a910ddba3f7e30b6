// ResNeXt-A of NDS ranked by Eproxy with its authors' settings for NDS.
use nds_resnext;
use eproxy;

param table    = none          "the published JSON of NDS, as ResNeXt-A_in.json; without it networks are drawn";
param images   = "dead_leaves" "dead_leaves, noise, cifar10:FILE or folder:DIR";
param n        = 20            "how many architectures; more than there are: all";
param sample   = 0             "the seed that draws them";
param repeats  = 1             "independent initialisations of each";
param grouping = "count"       "what num_gs are: the count of groups, or their width";
param metric   = "metric"      "of the table: metric (accuracy), params or flops";

rank if table == none then draw(nds_resnext(grouping: grouping), n, seed: sample)
                      else rows(table, nds_resnext(grouping: grouping), n, seed: sample,
                           metric: metric, format: "nds")
  by eproxy(images: images, repeats: repeats, taps: 1, bases: i => ["net"],
            head_kernel: i => 3, head_width: i => 512, barrier_width: i => 32);
