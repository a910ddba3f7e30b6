// A quick relative of NAS-Bench-201 for tests: one cell a stage, narrow.
use eproxy;

param table = none "architectures and a metric";
param n = 8 "how many architectures";
param sample = 0 "the seed that draws them";
param repeats = 1 "independent initialisations";
param images = "dead_leaves" "image source";

nor_conv(k) = relu -> conv(k) -> batch_norm(affine: false);

space small {
  input image[3, 16, 16];
  choice edge[j in 1..2, i in 0..j-1] {
    none = zero;  skip = identity;  conv1 = nor_conv(1);  conv3 = nor_conv(3);
    pool = avg_pool(3, stride: 1, count_padding: false);
  }
  cell = x => {
    node[0] = x;
    node[j in 1..2] = sum(i in 0..j-1) edge[j, i](node[i]);
    return node[2];
  };
  network = conv(3, 8, bias: false) -> batch_norm -> cell -> tap("one")
         -> conv(3, 16, stride: 2, bias: false) -> batch_norm -> cell -> tap("two");
  encoding join(j in 1..2, "+") (join(i in 0..j-1, ",") (edge[j, i]));
  max_macs = 1_500_000;
}

rank if table == none then draw(small, n, seed: sample) else rows(table, small, n, seed: sample)
  by eproxy(images: images, repeats: repeats, head_width: i => 32, barrier_width: i => 32);
