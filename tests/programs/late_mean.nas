// A few-shot proxy without barrier: the network learns to paint its own input shrunk to 8x8; the
// score is the mean loss over the last five of eight steps.
use nas_bench_201;

proxy late_mean(net, steps = 8, lr = 0.1) {
  per run {
    x = batch("dead_leaves", 16, like: net.input);
    goal = x -> avg_pool(4);
  }
  per architecture {
    shared m = net;
    shared head = batch_norm -> conv(1, 3);
  }
  y = (x -> m).out -> resize(8, 8) -> head;
  err = mean((y - goal) ^ 2);
  train(loss: err, steps: steps, by: sgd(lr, momentum: 0.9));
  measure error = err;
  score = -mean(error at (steps - 4 .. steps));
}

rank draw(nas_bench_201, 4) by late_mean();
