space empty {
  input image[3, 32, 32];
  network full on [3, 64, 64] = relu;
}
