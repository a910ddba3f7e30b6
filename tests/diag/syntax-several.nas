// Four mistakes in one file give four reports; what stands between them is understood.
cell(c) = relu -> -> conv(3, c);
space 3 { a = 1; b = 2; }
halve(c) = conv(3, c, stride: 2) -> batch_norm;
space tiny {
  input image[3, 32 32];
  choice op { a = relu; b = ; c = halve(3); }
  network = halve(8);
}
