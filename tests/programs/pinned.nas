// Choices and settings of a proxy pinned in every way that the language has: all of them are the same ranking.
use eproxy;

space grid(width = 8) {
  input image[3, 16, 16];
  choice k in {1, 3, 5};
  network = conv(k, width, stride: 2) -> batch_norm -> relu;
}

proxy few(net) {
  use eproxy;
  choice lr in {0.3, 0.6, 1.2};
  choice momentum in {0, 0.9};
  choice repeats in 1..3;
  steps = 3;
  barrier_width(i) = 16;
}

half = few with lr: 0.6, count: 4;

proxy derived(net) {
  use few with lr: 0.6, momentum: 0, count: 4, repeats: 2, bases: i => ["wave_l"];
}

rank draw(grid(width: 4), 3) by few(lr: 0.6, count: 4, momentum: 0, repeats: 2, bases: i => ["wave_l"]);
rank draw(grid with width: 4, 3) by few with lr: 0.6, count: 4, momentum: 0, repeats: 2, bases: i => ["wave_l"];
rank draw(grid with width: 4, 3) by (half with momentum: 0)(repeats: 2, bases: i => ["wave_l"]);
rank draw(grid(width: 4), 3) by (few with lr: 0.3)(momentum: 0, repeats: 2) with lr: 0.6, count: 4, bases: i => ["wave_l"];
rank draw(grid with width: 4, 3) by derived;
