space pair {
  input image[3, 8, 8];
  choice width in {4, 8};
  choice op[i in 0..1] { conv = conv(3); skip = identity; }
  network = conv(1, width) -> op[0] -> op[1];

  format short(row) {
    width = row.width;
    metric = row.acc;
  }
  format bare(a, b) {
    metric = 1;
  }
  format odd(row) {
    width = row.width;
    op[i, j] = row.ops[i];
    metric = line.acc;
  }
}

format lost(row) { metric = row.acc; }
format away(row) of pairs { metric = row.acc; }
format of_rows(row) of pair {
  width(k) = row.width;
  op[i] = row.ops[i];
  network = conv(3);
}
