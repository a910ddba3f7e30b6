width = 8;
a = conv(3) -> width;
b = frozen "conv";
space tiny {
  input image[3, 32, 32];
  network = conv(3, 8) -> relu;
}
c = conv(3) -> tiny;
