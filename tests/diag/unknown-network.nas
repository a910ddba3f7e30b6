space tiny {
  input image[3, 32, 32];
  network full on [3, 64, 64] = relu;
  costs ful;
  network = conv(3, 8) -> relu;
}
