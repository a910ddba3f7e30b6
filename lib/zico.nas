// ZiCo (Li et al., "ZiCo: Zero-shot NAS via inverse coefficient of variation on gradients", ICLR
// 2023): the gradients of good networks are large and agree between batches. For every layer, the
// logarithm of the sum over its weights of mean |gradient| / deviation of the gradient.
use classifier;

proxy zico(net,
    images = "dead_leaves",            // where the batches come from; sources without labels draw them
    batches = 2,
    count = 16,                        // images in each
    classes = 10,
    init = "kaiming_normal",
    precision = "double") {

  per run {
    x = batch(images, batches * count, like: net.input);
    hot = one_hot(x, classes);
    part(t, b) = take(t, n: b * count .. (b + 1) * count - 1);
  }
  per architecture {
    shared m = net with init: init;
    shared head = classifier(classes) with init: init;
  }

  loss[b in 0..batches-1] = cross_entropy(part(x, b) -> m -> head, part(hot, b));

  average(f) = sum(b in 0..batches-1) f(b) / batches;
  layer(p) = {
    size = average(b => abs(grad(loss[b], p)));
    centre = average(b => grad(loss[b], p));
    spread = sqrt(average(b => (grad(loss[b], p) - centre) ^ 2));
    total = sum(select(spread > 0, size / spread, 0));
    return select(total > 0, log(total), 0);
  };
  measure agreement = sum(p in kernels(loss[0])) layer(p);
  score = agreement;
}
