space s {
  input image[3, 16, 16];
  choice k in {1, 3};
  choice c in {4, 8};
  network = conv(k, c);
  encoding k (c);
}
