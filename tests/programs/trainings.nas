// The same weights trained several times, by proxies that should agree with each other or with what can be worked out.
space two_taps {
  input image[3, 16, 16];
  choice width in {8, 16};
  choice k in {1, 3, 5};
  network = conv(k, width, stride: 2) -> batch_norm -> relu -> tap("a") -> conv(3, 8) -> batch_norm -> tap("b");
}

proxy base(net, momentum = 0, precision = "single") {
  per run {
    x = batch("dead_leaves", 8, like: net.input);
    target[i in 0..1] = signs(n: 8, c: 8, h: 4, w: 4);
  }
  per architecture {
    shared m = net;
    shared head[i in 0..1] = conv(1, 8);
    shared barrier = frozen conv(3, 8);
  }
  err[i in 0..1] = mean((((x -> m).taps[i] -> resize(4, 4) -> head[i] -> barrier) - target[i]) ^ 2);
  rule(lr) = sgd(lr, momentum: momentum, decay: p => if p.rank >= 2 then 1e-3 else 0);
  measure loss = sum(i in 0..1) err[i];
  measure part[i in 0..1] = err[i];
  score = -mean(loss at (1..10)) - max(part at 7);
}

proxy whole(net) {
  use base;
  train(loss: sum(i in 0..1) err[i], steps: 10, by: rule(0.5));
}

proxy halves(net) {
  use base;
  train(loss: sum(i in 0..1) err[i], steps: 5, by: rule(0.5));
  train(loss: err[0] + err[1], steps: 5, by: rule(0.5));
}

proxy uneven(net) {
  use base;
  train(loss: err[0] + err[1], steps: 1, by: rule(0.5));
  train(loss: err[0] + err[1], steps: 8, by: rule(0.5));
  train(loss: err[0] + err[1], steps: 1, by: rule(0.5));
}

// Head 1 is trained by the second one alone, which leaves head 0 as it is.
proxy mixed(net) {
  use base;
  train(loss: err[0], steps: 4, by: sgd(0.5, momentum: 0.9));
  train(loss: err[1], steps: 3, by: sgd(0.1));
  train(loss: sum(i in 0..1) err[i], steps: 3, by: rule(0.3));
}

// One weight, w.
space point {
  input image[1, 1, 1];
  choice k in {2, 3};
  network = x => x * 0 + weight(c: 1, value: k);
}

proxy parabolas(net) {
  per run { x = batch("noise", 2, like: net.input); }
  per architecture { shared m = net; }
  w = mean((x -> m).out);
  train(loss: w ^ 2, steps: 3, by: sgd(0.1, momentum: 0.5));
  train(loss: (w - 1) ^ 2, steps: 4, by: sgd(0.2, momentum: 0.5));
  measure now = w;
  measure power[i in 0..2] = w ^ (i + 1);
  measure last at end = w;
  measure square[i in 0..1] at end = (w - i) ^ 2;
  score = last + 10 * (now at 5) + 100 * (power[2] at 7) + 1000 * sum(square) + sum(power at 2);
}

param which = "whole" "the proxy";
param momentum = 0.0;
param precision = "single";

proxies = record(whole: whole, halves: halves, uneven: uneven, mixed: mixed);
chosen = proxies[which];

rank list(two_taps, ["width=8,k=1", "width=8,k=3", "width=16,k=5"])
  by chosen(precision: precision, momentum: momentum, repeats: 2);
rank list(point, ["k=2", "k=3"]) by parabolas;
