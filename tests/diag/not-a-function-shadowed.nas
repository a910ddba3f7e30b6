space s {
  input image[3, 16, 16];
  last = 4;
  choice k in {1, 3};
  a = [1, 2];
  network = conv(k, last(a));
}
