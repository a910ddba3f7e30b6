// Zen-score (Lin et al., "Zen-NAS: a zero-shot NAS for high-performance image recognition", ICCV
// 2021): how much the features of a random network change when its Gaussian input changes a
// little, with the scales that batch norms take away put back.
//
// A batch norm's running variance begins at 1 and moves a tenth of the way to the batch's at every
// pass. Published tables differ in how many passes there were: `passes: none` is where it settles.
proxy zen(net,
    count = 16,                        // images of noise
    mix = 0.01,                        // of the second noise in the first
    passes = none,
    init = "normal",
    precision = "double") {

  per run {
    noise = i => normal(0, 1, n: count, c: net.input[0], h: net.input[1], w: net.input[2]);
    x = noise(0);
    moved = x + mix * noise(1);
  }
  per architecture {
    shared m = net with init: init;
  }

  y = x -> m;
  old = if passes == none then 0 else 0.9 ^ passes;
  variance(t) = old + (1 - old) * mean((t - mean(t, n, h, w)) ^ 2);

  measure change = log(sum(abs(y.out - (moved -> m).out)) / count);
  measure scales = sum(u in uses(y, batch_norm)) log(variance(u.input)) / 2;
  score = change + scales;
}
