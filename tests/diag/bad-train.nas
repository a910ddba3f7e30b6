proxy plain(net) {
  per run { x = batch("noise", 4, like: net.input); }
  train(1, steps: 3, by: sgd(1));
  score = 1;
}
