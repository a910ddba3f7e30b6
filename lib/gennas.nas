// GenNAS (Li et al., "Generic neural architecture search via regression", NeurIPS 2021): a network
// learns, from noise that is new at every step, to give fixed synthetic signals at each of its
// stages; the loss it then has on new noise ranks it, in evaluation mode: batch norms use statistics
// that ran along with the training.
proxy gennas(net,
    count = 8,                         // images of noise
    steps = 100, lr = 0.1, momentum = 0.9, decay = 0,
    taps = 3,                          // as far as the network has them; without any, its end
    side = 8, width = 64,              // signals are width maps of side x side
    bases = i => ["sin1", "sin2", "dot"],
    weight = i => 1 / 2 ^ i,           // of a tap's loss; tap 0 is the deepest
    init = "default") {

  last = min(taps, max(net.taps, 1)) - 1;

  per run {
    pi = 3.141592653589793;
    phase(i) = uniform(0, 2 * pi, c: width);
    pitch(i) = uniform(0, 0.5, c: width);
    y = axis(h: 1..side);
    x = axis(w: 1..side);
    // Waves along one axis, the first half of the maps along y; waves along a slope; cells of +-1.
    sin1(i) = select(axis(c: 1..width) <= width / 2, sin(2 * pi * pitch(i) * y + phase(i)) + 0 * x,
                     sin(2 * pi * pitch(i) * x + phase(i)) + 0 * y);
    sin2(i) = sin(2 * pi * pitch(i) * y + 2 * pi * pitch(-1 - i) * x + phase(i));
    basis(i, name) = if name == "sin1" then sin1(i) else if name == "sin2" then sin2(i)
                else if name == "dot" then signs(c: width, h: side, w: side) else none;
    target[i in 0..taps-1] = ones(n: count, c: width, h: side, w: side) * (sum(b in bases(i)) basis(i, b)) / size(bases(i));
  }

  per architecture {
    shared m = net with init: init;
    shared head[i in 0..last] = (batch_norm -> conv(1, width, bias: false)) with init: init;
  }

  z = noise(0, 1, n: count, c: net.input[0], h: net.input[1], w: net.input[2]);
  error(y, i, head) = {
    feature = if net.taps == 0 then y.out else y.taps[i];
    return mean(((feature -> resize(side, side, mode: "bilinear") -> head) - target[i]) ^ 2);
  };
  err[i in 0..last] = error(z -> m, i, head[i]);
  read[i in 0..last] = error(z -> (m with mode: evaluation), i, head[i] with mode: evaluation);

  train(loss: sum(i in 0..last) err[i], steps: steps, by: sgd(lr, momentum: momentum, decay: decay));
  measure loss = sum(i in 0..last) (weight(i) * err[i]);
  measure final at end = sum(i in 0..last) (weight(i) * read[i]);
  score = -final;
}
