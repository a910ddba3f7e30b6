// NAS-Bench-201 (Dong and Yang, ICLR 2020): one cell of four nodes, an operation on each of its six
// edges, repeated five times in each of three stages. As Eproxy scores it (arXiv 2210.09459): no
// classifier, convolutions of the cell with bias, batch norms of the cell without scale and shift.

nor_conv(k) = relu -> conv(k) -> batch_norm(affine: false);

// The residual block between stages: half the height and width, c channels.
halve(c) = (relu -> conv(3, c, stride: 2, bias: false) -> batch_norm
         -> relu -> conv(3, c, bias: false) -> batch_norm)
         + (avg_pool(2) -> conv(1, c, bias: false));

space nas_bench_201 {
  input image[3, 32, 32];

  choice edge[j in 1..3, i in 0..j-1] {
    none         = zero;
    skip_connect = identity;
    nor_conv_1x1 = nor_conv(1);
    nor_conv_3x3 = nor_conv(3);
    avg_pool_3x3 = avg_pool(3, stride: 1, count_padding: false);
  }

  cell = x => {
    node[0] = x;
    node[j in 1..3] = sum(i in 0..j-1) edge[j, i](node[i]);
    return node[3];
  };

  network = conv(3, 16, bias: false) -> batch_norm
         -> 5 * cell -> tap("stage 1")
         -> halve(32) -> 5 * cell -> tap("stage 2")
         -> halve(64) -> 5 * cell -> tap("stage 3");

  // |op~0|+|op~0|op~1|+|op~0|op~1|op~2|
  encoding join(j in 1..3, "+") ("|" join(i in 0..j-1, "|") (edge[j, i] "~" i) "|");

  max_macs = 187_166_720;     // the authors' constant for the size factor
}
