// SNIP (Lee et al., "Single-shot network pruning based on connection sensitivity", ICLR 2019), as a
// zero-cost proxy (Abdelfattah et al., ICLR 2021): what the loss would change, to first order, if
// each weight were taken away.
use classifier;

proxy snip(net,
    images = "dead_leaves",            // where the batch comes from; sources without labels draw them
    count = 32,                        // images in it
    classes = 10,
    init = "default",
    precision = "double") {

  per run {
    x = batch(images, count, like: net.input);
    hot = one_hot(x, classes);
  }
  per architecture {
    shared m = net with init: init;
    shared head = classifier(classes) with init: init;
  }

  loss = cross_entropy(x -> m -> head, hot);
  measure saliency = sum(p in kernels(loss)) sum(abs(p * grad(loss, p)));
  score = saliency;
}
