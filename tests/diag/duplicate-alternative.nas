space tiny {
  input image[3, 32, 32];
  choice op { a = relu; b = zero; "a" = identity; }
  network = conv(3, 8) -> relu;
}
