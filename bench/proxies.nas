// Cells of NAS-Bench-201 under one point of the space of proxies that Discrete Proxy Search searches: the work of a
// search, as `bench/bench.py` times it. Without a point the proxy is open; `bench/points.c` draws points of it.
use nas_bench_201;
use eproxy_space;

param point = none "choices of the proxy, lr=0.5,alpha=0,...";

rank draw(nas_bench_201, 20)
  by (if point == none then eproxy_space() else eproxy_space(choices: point));
