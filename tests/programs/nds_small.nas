// The cells of NDS, small: two nodes, any two states, loose ends, odd maps, a depth of three.
use nds_cells;
use eproxy;

space nds_small {
  input image[3, 9, 9];
  choice op[k in kinds, n in 2..3, s in 0..1](stride) {
    none = no_op(stride);
    skip = skip(stride);
    sep = sep(3, stride);
    dil_sep = dil_sep(3, stride);
    dil = dil(3, stride);
    pair = conv_pair(5, stride);
    conv = conv_op(3, stride);
    max = max_pooled(3, stride);
    avg = avg_pooled(3, stride);
  }
  choice from[k in kinds, n in 2..3, s in 0..1] in 0..n-1;
  outs(k) = [n in 2..3 if not any(m in n+1..3, s in 0..1) (from[k, m, s] == n)];
  make(kind, c, after) = cell(kind, c, after, 2..3, op, from, outs(kind));
  network = small(4, 3, make);
  encoding join(k in kinds, "/") (join(n in 2..3, "|") (op[k, n, 0] from[k, n, 0] "+" op[k, n, 1] from[k, n, 1]));
}

rank draw(nds_small, 5) by eproxy(count: 4, steps: 4, taps: 2, head_width: i => 8, barrier_width: i => 8);
