// The NASNet space of NDS (Radosavovic et al., ICCV 2019; operations of Zoph et al., CVPR 2018): two
// cells of five nodes; the nodes that no other node reads are concatenated.
use nds_cells;

space nds_nasnet(narrow = 1) {    // narrow: the scored network's width is divided by it
  input image[3, 32, 32];

  choice width in {32, 48, 64, 80};
  choice depth in {6, 10, 14, 18, 22};
  choice op[k in kinds, n in 2..6, s in 0..1](stride) {
    skip_connect = skip(stride);
    conv_3x1_1x3 = conv_pair(3, stride);
    conv_7x1_1x7 = conv_pair(7, stride);
    dil_conv_3x3 = dil(3, stride);
    avg_pool_3x3 = avg_pooled(3, stride);
    max_pool_3x3 = max_pooled(3, stride);
    max_pool_5x5 = max_pooled(5, stride);
    max_pool_7x7 = max_pooled(7, stride);
    conv_1x1     = conv_op(1, stride);
    conv_3x3     = conv_op(3, stride);
    sep_conv_3x3 = sep(3, stride);
    sep_conv_5x5 = sep(5, stride);
    sep_conv_7x7 = sep(7, stride);
  }
  choice from[k in kinds, n in 2..6, s in 0..1] in 0..n-1;
  same up to order of s in (op, from);

  outs(k) = [n in 2..6 if not any(m in n+1..6, s in 0..1) (from[k, m, s] == n)];
  make(kind, c, after) = cell(kind, c, after, 2..6, op, from, outs(kind));
  network = small(width div narrow, depth, make);
  network imagenet on [3, 224, 224] = large(width, depth, make);
  costs imagenet;

  // The table's own words: its `net`.
  encoding "{\"aux\": false, \"depth\": " depth ", \"drop_prob\": 0.0, \"genotype\": {"
           join(k in kinds, ", ")
                ("\"" k "\": [" join(n in 2..6, ", ") (join(s in 0..1, ", ")
                                   ("[\"" op[k, n, s] "\", " from[k, n, s] "]"))
                 "], \"" k "_concat\": [" join(n in outs(k), ", ") (n) "]")
           "}, \"width\": " width "}";

  // A run of the published JSON. Its metrics: accuracy, and the sizes of the imagenet network.
  format nds(row) {
    width         = row.net.width;
    depth         = row.net.depth;
    op[k, n, s]   = row.net.genotype[k][2 * (n - 2) + s][0];
    from[k, n, s] = row.net.genotype[k][2 * (n - 2) + s][1];
    concat_of(k)  = row.net.genotype[if k == "normal" then "normal_concat" else "reduce_concat"];
    require all(k in kinds) (concat_of(k) == outs(k));
    metric = 100 - last(row.test_ep_top1);
    params = row.params;
    flops = row.flops;
  }
}
