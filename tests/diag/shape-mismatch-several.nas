// A proxy that is fed images of one size ranks a space of another one.
proxy fixed(net) {
  per run { x = batch("noise", 4); target = normal(0, 1, n: 4, c: 8, h: 32, w: 32); }
  per architecture { shared m = net; }
  measure loss = mean(((x -> m).out - target) ^ 2);
  score = -loss;
}

space three { input image[3, 32, 32]; choice k in {1, 3}; network = conv(k, 8); }
space by_hand { input image[3, 16, 16]; network = conv(3, 8, stride: 2); }

rank [draw(three, 2), by_hand] by fixed;
