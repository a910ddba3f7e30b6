space tiny {
  input image[3, 32, 32];
  network = conv(3, 8) -> relu;
