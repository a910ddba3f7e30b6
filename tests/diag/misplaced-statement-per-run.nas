proxy plain(net) {
  per run { x = batch("noise", 4, like: net.input); }
  per run { shared f = relu; }
  per architecture { param k = 3; }
  score = 1;
}
