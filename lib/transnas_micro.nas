// TransNAS-Bench-101, cell space (Duan et al., CVPR 2021): a cell of four nodes, one of four operations
// on each of its six edges, in five layers of two cells. Peculiar: the edges that leave node 0 carry the
// stride and the width of their cell, and a skip that changes shape is a factorised reduction. As Eproxy
// scores it (arXiv 2210.09459): a 32x32 image becomes 8x8 in the stem, and the last layer, `4` in the
// name, keeps its map of 2x2 (`2`).
use transnas_layers;

space transnas_micro(narrow = 1) {    // narrow: the scored network's widths are divided by it
  input image[3, 32, 32];

  choice edge[j in 1..3, i in 0..j-1](c, stride) {
    "0" = blank(c, stride);
    "1" = skip(c, stride);
    "2" = rcb(1, c, stride);
    "3" = rcb(3, c, stride);
  }

  cell(c, stride) = x => {
    node[0] = x;
    node[j in 1..3] = sum(i in 0..j-1)
                      (node[i] -> edge[j, i](c, if i == 0 then stride else 1));
    return node[3];
  };
  layer(c, stride) = cell(c, stride) -> cell(c, 1);

  make(part) = stem
            -> layer(128 div part, 2) -> layer(128 div part, 1)
            -> layer(256 div part, 2) -> tap("layer 3")
            -> layer(256 div part, 1) -> tap("layer 4")
            -> layer(512 div part, 1) -> tap("layer 5");
  network = make(narrow);
  network whole = make(1);
  costs whole;

  // 64-41414-a_bc_def: the operations on the edges 1-2, 1-3, 2-3, 1-4, 2-4, 3-4
  encoding "64-41414-" join(j in 1..3, "_") (join(i in 0..j-1, "") (edge[j, i]));

  max_macs = 1_505_384_448;     // the authors' constant for the size factor
}
