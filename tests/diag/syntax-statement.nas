space tiny {
  input image[3, 32, 32];
  3 = network;
  network = relu;
}
