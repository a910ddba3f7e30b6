// SynFlow (Tanaka et al., "Pruning neural networks without any data by iteratively conserving
// synaptic flow", NeurIPS 2020), as a zero-cost proxy (Abdelfattah et al., ICLR 2021): weights are
// replaced by their absolute values, batch norms left out, and an input of ones sent through; the
// flow is the sum over all weights of |weight x gradient of the summed output|. It grows with depth
// beyond single precision. The score is its logarithm.

proxy synflow(net,
    classes = 10,                      // of the classifier that is put behind the network
    init = "default",
    precision = "double") {

  per architecture {
    shared m = (net with init: init) with batch_norm: identity, init: w => abs(w);
    shared head = (relu -> global_pool -> dense(classes)) with init: w => abs(w);
  }

  x = ones(n: 1, c: net.input[0], h: net.input[1], w: net.input[2]);
  total = sum(x -> m -> head);

  measure flow = sum(p in parameters(total) if p.role == "weight") sum(abs(p * grad(total, p)));
  score = log(flow);
}
