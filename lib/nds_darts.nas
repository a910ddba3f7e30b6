// The DARTS space of NDS (Radosavovic et al., ICCV 2019; operations of Liu et al., ICLR 2019): two
// cells of four nodes, each the sum of two operations on any two earlier states, the same one twice
// if it comes to that. Scored is CIFAR's network; `imagenet` is the one whose sizes are published.
use nds_cells;

space nds_darts(narrow = 1) {    // narrow: the scored network's width is divided by it
  input image[3, 32, 32];

  choice width in {32, 48, 64, 80, 96};
  choice depth in {6, 10, 14, 18, 22};
  choice op[k in kinds, n in 2..5, s in 0..1](stride) {
    none         = no_op(stride);
    max_pool_3x3 = max_pooled(3, stride);
    avg_pool_3x3 = avg_pooled(3, stride);
    skip_connect = skip(stride);
    sep_conv_3x3 = sep(3, stride);
    sep_conv_5x5 = sep(5, stride);
    dil_conv_3x3 = dil(3, stride);
    dil_conv_5x5 = dil(5, stride);
  }
  choice from[k in kinds, n in 2..5, s in 0..1] in 0..n-1;
  same up to order of s in (op, from);

  make(kind, c, after) = cell(kind, c, after, 2..5, op, from, 2..5);
  network = small(width div narrow, depth, make);
  network imagenet on [3, 224, 224] = large(width, depth, make);
  costs imagenet;

  max_macs = 912_556_032;     // the authors' constant for the size factor

  // The table's own words: its `net`.
  encoding "{\"aux\": false, \"depth\": " depth ", \"drop_prob\": 0.0, \"genotype\": {"
           join(k in kinds, ", ")
                ("\"" k "\": [" join(n in 2..5, ", ") (join(s in 0..1, ", ")
                                   ("[\"" op[k, n, s] "\", " from[k, n, s] "]"))
                 "], \"" k "_concat\": [" join(n in 2..5, ", ") (n) "]")
           "}, \"width\": " width "}";

  // A run of the published JSON. Its metrics: accuracy, and the sizes of the imagenet network.
  format nds(row) {
    width         = row.net.width;
    depth         = row.net.depth;
    op[k, n, s]   = row.net.genotype[k][2 * (n - 2) + s][0];
    from[k, n, s] = row.net.genotype[k][2 * (n - 2) + s][1];
    concat_of(k)  = row.net.genotype[if k == "normal" then "normal_concat" else "reduce_concat"];
    require all(k in kinds) (concat_of(k) == [n in 2..5]);
    metric = 100 - last(row.test_ep_top1);
    params = row.params;
    flops = row.flops;
  }
}
