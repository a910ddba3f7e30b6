space tiny {
  input image[3, 32, 32];
  choice op[i in 0..1](stride) { a = conv(3, stride: stride); b = zero; }
  body = op[0](1) -> op[1](1, 2) -> op[1]();
  network = conv(3, 8) -> relu;
}
