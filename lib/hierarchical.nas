// Cells of cells (after Liu et al., "Hierarchical Representations for Efficient Architecture Search",
// ICLR 2018): a cell is a small graph whose edges are operations; a cell of cells is a graph whose
// edges are such cells. Choices stand in the bodies that use them, so each use has its own.

norm_conv(k) = conv(k, bias: false) -> batch_norm -> relu;
separable = depthwise(3, bias: false) -> conv(1, bias: false) -> batch_norm -> relu;

// Three nodes; an edge from each to every later one.
motif = x => {
  choice op[j in 1..2, i in 0..j - 1] {
    none = zero;
    skip = identity;
    conv1 = norm_conv(1);
    conv3 = norm_conv(3);
    sep3 = separable;
    pool = max_pool(3, stride: 1);
  }
  node[0] = x;
  node[j in 1..2] = sum(i in 0..j - 1) op[j, i](node[i]);
  return node[2];
};

// The same graph one floor up: an edge is a motif, or nothing. The first node is never left out.
cell = x => {
  choice edge[j in 1..2, i in 0..j - 1] { none = zero; skip = identity; motif = motif; }
  node[0] = x;
  node[j in 1..2] = sum(i in 0..j - 1) edge[j, i](node[i]);
  return node[2];
};

narrow(c) = conv(3, c, stride: 2, bias: false) -> batch_norm -> relu;

space hierarchical {
  input image[3, 32, 32];

  stage[s in 1..3] = x => x -> cell -> tap(s);

  network = conv(3, 16, bias: false) -> batch_norm -> relu
         -> stage[1] -> narrow(32) -> stage[2] -> narrow(64) -> stage[3];
}
