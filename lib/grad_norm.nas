// The norm of the gradient at initialisation, summed over layers (Abdelfattah et al., "Zero-cost
// proxies for lightweight NAS", ICLR 2021).
use classifier;

proxy grad_norm(net,
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
  measure size = sum(p in kernels(loss)) norm(grad(loss, p));
  score = size;
}
