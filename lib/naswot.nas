// NASWOT (Mellor et al., "Neural architecture search without training", ICML 2021): the ReLUs of an
// untrained network give each image a binary code. Images that a network tells apart well have codes
// that differ, which makes the determinant of the kernel of their agreements large.

proxy naswot(net,
    images = "dead_leaves",            // where the batch comes from
    count = 32,                        // images in it
    augment = false,
    init = "default") {

  per run {
    x = batch(images, count, like: net.input, augment: augment);
  }
  per architecture {
    shared m = net with init: init;
  }

  // How many units of all ReLUs agree on images n and m: both on, or both off.
  agree(code) = gram(code, n) + gram(1 - code, n);
  measure volume = logdet(sum(u in uses(x -> m, relu)) agree(u.input > 0));
  score = volume;
}
