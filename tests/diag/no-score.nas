proxy plain(net) {
  score[0] = 3;
}
