space tiny {
  input image[3, 32, 32];
  train(loss: 1, steps: 3, by: sgd(1));
  measure loss = 1;
  network = conv(3, 8) -> relu;
}
