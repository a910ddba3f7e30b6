proxy plain(net) {
  per run { x = batch("noise", 4, like: net.input); }
  per architecture { shared x = relu; }
  score = 1;
}
