network = relu;
f = x => { network = relu; return x; };
proxy plain(net) {
  per run { x = batch("noise", 4, like: net.input); }
  network = relu;
  input image[3, 4, 5];
  score = 1;
}
