proxy still(net) {
  choice lr in {0.1, 0.2};
  choice k in {1, 3};
  shared m = net;
  y = (uniform(0, 1, n: 4, c: 3, h: 8, w: 8) -> m).out -> conv(k, 4);
  measure loss = mean(y);
  score = -los;
}
