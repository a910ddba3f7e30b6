// ResNeXt-A of NDS (Radosavovic et al., ICCV 2019): three free stages after a fixed one, of grouped
// bottlenecks. The published num_gs are numbers of groups; the authors of Eproxy read them as the
// width of a group, which grouping: "width" does.
use nds_stages;

space nds_resnext(grouping = "count", narrow = 1) {    // narrow: the scored network's widths are divided by it
  input image[3, 32, 32];

  choice depth[i in 1..3] in {1, 2, 4, 8, 16};
  choice width[i in 1..3] in {16, 32, 64, 128, 256};
  choice ratio[i in 1..3] { "0.25" = 0.25; "0.5" = 0.5; "1.0" = 1; }
  choice groups[i in 1..3] in {1, 2, 4};

  groups_of(inner, g) = if grouping == "width" then inner div g else g;
  inner(c, r, g) = max(g, floor(c * r + 0.5));    // a group has a channel, however narrow the network
  block(c, r, g, stride) = bottleneck(c, inner(c, r, g), groups_of(inner(c, r, g), g), stride);
  stage(i, stride, part) = chain(b in 1..depth[i])
                               block(width[i] div part, ratio[i], groups[i], if b == 1 then stride else 1);
  stages(part) = stage(1, 1, part) -> tap("stage 2") -> stage(2, 2, part) -> tap("stage 3")
            -> stage(3, 2, part) -> tap("stage 4");

  network = cbr(3, 12) -> block(64 div narrow, 1, 1, 1) -> stages(narrow);
  network imagenet on [3, 224, 224] = imagenet_stem -> stages(1) -> global_pool -> dense(1000);
  costs imagenet;

  max_macs = 1_226_891_264;     // the authors' constant for the size factor

  // The table's own words: its `net`.
  encoding "{\"block_type\": \"res_bottleneck_block\", \"bot_muls\": [1.0, "
           join(i in 1..3, ", ") (ratio[i]) "], \"ds\": [1, " join(i in 1..3, ", ") (depth[i])
           "], \"num_gs\": [1, " join(i in 1..3, ", ") (groups[i])
           "], \"ss\": [8, 1, 2, 2], \"ws\": [64, " join(i in 1..3, ", ") (width[i]) "]}";

  // A run of the published JSON. Its metrics: accuracy, and the sizes of the imagenet network.
  format nds(row) {
    depth[i]  = row.net.ds[i];
    width[i]  = row.net.ws[i];
    ratio[i]  = row.net.bot_muls[i];
    groups[i] = row.net.num_gs[i];
    require row.net.block_type == "res_bottleneck_block" and row.net.ss == [8, 1, 2, 2];
    require row.net.ds[0] == 1 and row.net.ws[0] == 64;
    require row.net.bot_muls[0] == 1 and row.net.num_gs[0] == 1;
    metric = 100 - last(row.test_ep_top1);
    params = row.params;
    flops = row.flops;
  }
}
