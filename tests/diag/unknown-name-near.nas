space tiny {
  input image[3, 32, 32];
  stem = conv(3, 8);
  require macs(network) < 3M;
  body = stm -> rleu;
  network = conv(3, 8) -> relu;
}
