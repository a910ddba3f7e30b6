// NAS-Bench-101 with a narrow stem, under a proxy that is small enough to be repeated in double precision.
use nas_bench_101;
use eproxy;

rank draw(nas_bench_101(stem: 6), 2)
  by eproxy(count: 2, steps: 3, taps: 2, size: 4, lr: 0.1, head_width: i => 8, barrier_width: i => 8);
