space tiny {
  input image[3, 32, 32];
  choice op[i in 0..1] { a = relu; b = zero; }
  encoding join(i in 0..1) (op[i]);
  network = conv(3, 8) -> relu;
}
