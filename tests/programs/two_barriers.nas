// A few-shot proxy with two frozen layers in a row; its target is made of the images: shrunk to
// 8x8, their channels expanded by a frozen convolution, squashed by a sine.
use nas_bench_201;

proxy two_barriers(net, width = 48) {
  per run {
    x = batch("dead_leaves", 16, like: net.input);
    goal = sin(x -> resize(8, 8) -> frozen conv(1, width));
  }
  per architecture {
    shared m = net with init: "kaiming_normal";
    shared head = relu -> conv(3, 32) -> batch_norm;
    shared first_wall = frozen conv(3, 64) with init: "xavier_uniform";
    shared second_wall = frozen (relu -> conv(3, width));
  }
  y = (x -> m).taps[0] -> resize(8, 8) -> head -> first_wall -> second_wall;
  train(loss: mean(abs(y - goal)), steps: 6, by: sgd(0.2, momentum: 0.9, decay: 1e-4));
  measure gap = mean(abs(y - goal));
  score = -(gap at 6);
}

rank draw(nas_bench_201, 4) by two_barriers();
