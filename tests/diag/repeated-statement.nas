space tiny {
  input image[3, 32, 32];
  input image[1, 8, 8];
  network = zero;
  network = conv(3, 8) -> relu;
}
