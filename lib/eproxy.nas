// Eproxy (Li et al., "Extensible Proxy for Efficient NAS", arXiv 2210.09459; ICCV 2023). A network
// is trained for ten steps, on one small batch without labels, to regress synthetic signals through
// a frozen random layer; the loss it reaches ranks it.
//
// Settings of a tap are functions of its number i; tap 0 is the deepest. The defaults are the
// authors' settings for NAS-Bench-201.

pi = 3.141592653589793;

proxy eproxy(net,
    images = "dead_leaves",            // where the batch comes from
    count = 16,                        // images in it
    augment = false,                   // pad 4, random crop, horizontal flip
    steps = 10,                        // forward passes; the last one is the score
    lr = 1.2, momentum = 0.9, decay = 4e-5,
    alpha = 0,                         // size factor
    taps = 3,                          // as far as the network has them; without any, its end
    size = 8,                          // features and signals are size x size
    mode = "nearest",                  // how features are brought to that size
    bases = i => ["wave_h"],           // of wave_h, wave_m, wave_l, dot, net
    level = i => 1,
    head_kernel = i => 1, head_width = i => 128,
    barrier_kernel = i => 3, barrier_width = i => 128,
    weight = i => 1 / 2 ^ i,           // of a tap's loss in the score
    readout = "last",                  // last: the loss reached; ratio: divided by the loss before any update
    dead_last = false,                 // rank networks whose input reaches no result behind all others
    init_net = "default", init_barrier = "default") {

  last = min(taps, max(net.taps, 1)) - 1;

  per run {
    x = batch(images, count, like: net.input, augment: augment);

    // Sinusoids along one axis, constant along the other, drawn anew for each image: for each of
    // ten frequencies 32 phases, for each phase one map along y and one along x, sines and cosines
    // in turn; of these 640 maps, shuffled, a tap takes the first ones.
    wave(frequencies) = {
      phase = uniform(0, 2 * pi, n: count, f: 10, p: 32);
      along(t) = {
        angle = 2 * pi * axis(f: frequencies) * t + phase;
        return merge(select(axis(p: 0..31) mod 2 == 0, sin(angle), cos(angle)), c: [f, p]);
      };
      return shuffle(concat(c, along(axis(h: 1..size)), along(axis(w: 1..size))), c, per: n);
    };
    wave_h = wave(0.375 .. 0.4875 step 0.0125);
    wave_m = wave(0.125 .. 0.35 step 0.025);
    wave_l = wave(0.0125 .. 0.125 step 0.0125);

    dot = signs(n: count, c: 512, h: size, w: size);

    // What a random convolutional network makes of the batch.
    layer(c) = conv(3, c) -> batch_norm -> relu;
    random_net = frozen (layer(64) -> max_pool(2) -> layer(128) -> max_pool(2)
                      -> layer(256) -> layer(512) -> layer(1024) -> conv(3, 512));
    features = x -> random_net -> resize(size, size);

    basis(name) = if name == "wave_h" then wave_h
             else if name == "wave_m" then wave_m
             else if name == "wave_l" then wave_l
             else if name == "dot" then dot
             else if name == "net" then features
             else none;
    target[i in 0..taps-1] = level(i) * sum(b in bases(i)) take(basis(b), c: barrier_width(i));
  }

  per architecture {
    shared m = net with init: init_net;
    shared head[i in 0..last] = conv(head_kernel(i), head_width(i)) -> relu -> batch_norm
                                with init: init_net;
    shared barrier[i in 0..last] = frozen conv(barrier_kernel(i), barrier_width(i))
                                   with init: init_barrier;
  }

  feature(i) = if net.taps == 0 then (x -> m).out else (x -> m).taps[i];
  y[i in 0..last] = feature(i) -> resize(size, size, mode: mode) -> head[i] -> barrier[i];
  err[i in 0..last] = mean((y[i] - target[i]) ^ 2);

  train(loss: sum(i in 0..last) err[i], steps: steps,
        by: sgd(lr, momentum: momentum, decay: p => if p.rank >= 2 then decay else 0));

  measure loss = sum(i in 0..last) (weight(i) * err[i]);
  // A network that is cut in two learns a constant at once, and for ten steps that beats most networks
  // that learn more: the paper's score puts it first. A loss beyond all others puts it last.
  dead = dead_last and net.live_macs == 0;
  reached = record(last: loss at steps, ratio: (loss at steps) / (loss at 1))[readout];
  score = -(reached + (if dead then 1000 else 0))
        * (if alpha == 0 then 1 else 1 - alpha * net.counted_macs / net.space.max_macs);
}
