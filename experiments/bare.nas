// Eproxy without its barrier: the head's own channels are compared with the signal.
use eproxy;

proxy bare(net) {
  use eproxy;
  y[i in 0..last] = feature(i) -> resize(size, size, mode: mode) -> head[i];
}
