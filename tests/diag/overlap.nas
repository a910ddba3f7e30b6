use eproxy;
use eproxy_space;

space three {
  input image[3, 8, 8];
  choice width in {4, 8, 16};
  network = conv(3, width) -> batch_norm -> relu;
  max_macs = 100_000;
}

search same_seed in eproxy_space()
  by spearman on rows("table.tsv", three, 20)
  evaluate rows("table.tsv", three, 500, seed: 0)
  using random(budget: 2);

search all_rows in eproxy_space()
  by spearman on rows("table.tsv", three, 20, seed: 1)
  evaluate rows("table.tsv", three)
  using random(budget: 2);

// These are told apart when they are read.
search other_seed in eproxy_space()
  by spearman on rows("table.tsv", three, 20)
  evaluate rows("table.tsv", three, 500, seed: 1)
  using random(budget: 2);

search dropped in eproxy_space()
  by spearman on rows("table.tsv", three, 20)
  evaluate rows("table.tsv", three, overlap: drop)
  using random(budget: 2);
