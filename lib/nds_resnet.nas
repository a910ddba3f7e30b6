// The ResNet space of NDS (Radosavovic et al., ICCV 2019): three free stages of basic blocks after a
// fixed one. Any depth and width between the published bounds.
use nds_stages;

space nds_resnet {
  input image[3, 32, 32];

  choice depth[i in 1..3] in 1..24;
  choice width[i in 1..3] in 16..256;

  stage(i, stride) = chain(b in 1..depth[i]) basic(width[i], if b == 1 then stride else 1);
  stages = stage(1, 1) -> tap("stage 2") -> stage(2, 2) -> tap("stage 3")
        -> stage(3, 2) -> tap("stage 4");

  network = cbr(3, 12) -> basic(64, 1) -> stages;
  network imagenet on [3, 224, 224] = imagenet_stem -> stages -> global_pool -> dense(1000);
  costs imagenet;

  // The table's own words: its `net`.
  encoding "{\"block_type\": \"res_basic_block\", \"ds\": [1, " join(i in 1..3, ", ") (depth[i])
           "], \"ss\": [8, 1, 2, 2], \"ws\": [64, " join(i in 1..3, ", ") (width[i]) "]}";

  // A run of the published JSON. Its metrics: accuracy, and the sizes of the imagenet network.
  format nds(row) {
    depth[i] = row.net.ds[i];
    width[i] = row.net.ws[i];
    require row.net.block_type == "res_basic_block" and row.net.ss == [8, 1, 2, 2];
    require row.net.ds[0] == 1 and row.net.ws[0] == 64;
    metric = 100 - last(row.test_ep_top1);
    params = row.params;
    flops = row.flops;
  }
}
