space s {
  input image[3, 32, 32];
  choice kernel[i in 1..2] in {3, 5};
  choice width in {64, 96};
  require kernel[1] <= kernel[2];
  require macs(network) <= 10M;
  network = chain(i in 1..2) conv(kernel[i], width, bias: false);
}
