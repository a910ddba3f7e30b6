space s {
  input image[3, 8, 8];
  choice op[v in 1..2] { conv = conv(3); pool = max_pool(3, stride: 1); }
  choice from[v in 1..2] in 0..v-1;
  same up to order of v in (op, from);
  network = op[1] -> op[2] -> conv(1, 1 + from[2]);
}
