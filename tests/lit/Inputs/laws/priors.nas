space priors {
  input image[3, 8, 8];
  choice w in {4, 8} prior {3, 1};
  network = conv(1, w);
}
