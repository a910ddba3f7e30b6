space s {
  input image[3, 8, 8];
  choice op[v in 1..2] { conv = conv(3); pool = max_pool(3, stride: 1); }
  same up to order of s in (op);
  same up to isomorphism of (op);
  same up to shape of (op);
  network = op[1] -> op[2];
}
