use eproxy_space;
use nas_bench_201;
search tuned in eproxy_space() by pearson on rows("a.tsv", nas_bench_201, 20) using evolution();
