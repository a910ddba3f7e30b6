use eproxy;
space tiny {
  input image[3, 32, 32];
  network = conv(3, 8) -> relu;
}
rank draw(tiny, 1) by eproxy(image: "noise", repeats: 2);
