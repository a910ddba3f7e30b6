// The space of proxies that Discrete Proxy Search searches (arXiv 2210.09459): eleven dimensions of
// Eproxy, those of a tap chosen for each tap. Whatever is not chosen here is Eproxy's: images, steps
// and so on are arguments as there. An argument named as a choice makes it: `taps: 1`.
use eproxy;

proxy eproxy_space(net) {
  use eproxy;

  choice lr in 0.5 .. 1.5 step 0.1;
  choice alpha in -0.5 .. 0.5 step 0.1;                 // size factor
  choice taps in 1..3;
  choice init_net     in {"xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal"};
  choice init_barrier in {"xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal"};

  choice tap_bases[i in 0..taps-1] subset of {"net", "wave_l", "wave_m", "wave_h", "dot"} each 0.2;
  choice tap_level[i in 0..taps-1] in {0.5, 1, 1.5, 2};
  choice tap_head_kernel[i in 0..taps-1] in {1, 3, 7};
  choice tap_head_width[i in 0..taps-1] in {16, 32, 64, 128, 256, 512};
  choice tap_barrier_kernel[i in 0..taps-1] in {1, 3, 7};
  choice tap_barrier_width[i in 0..taps-1] in {16, 32, 64, 128, 256, 512};

  // Eproxy asks for the settings of a tap by its number.
  bases(i) = tap_bases[i];
  level(i) = tap_level[i];
  head_kernel(i) = tap_head_kernel[i];
  head_width(i) = tap_head_width[i];
  barrier_kernel(i) = tap_barrier_kernel[i];
  barrier_width(i) = tap_barrier_width[i];
}
