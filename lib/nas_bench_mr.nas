// NAS-Bench-MR (Ding et al., "Learning Versatile Neural Architectures by Propagating Network Codes",
// ICLR 2022): networks like HRNet, of four stages with one to four parallel branches, each branch at
// half the resolution of the one before. Peculiar: what flows is a list of maps whose length grows; a
// module first exchanges between neighbouring branches, then works on each alone. As Eproxy scores it
// (arXiv 2210.09459): the stem keeps 32x32.

cbr(k, c, stride = 1) = conv(k, c, stride: stride, bias: false) -> batch_norm -> relu;

basic = x => relu(x + (x -> cbr(3, x.channels) -> conv(3, x.channels, bias: false) -> batch_norm));

space nas_bench_mr {
  input image[3, 32, 32];

  choice stem[i in 1..2] in 8..128 step 8;
  choice modules[s in 1..4] in 1..4;
  choice blocks[s in 1..4, i in 0..s-1] in 1..4;
  choice width[s in 1..4, i in 0..s-1] in 8..128 step 8;
  choice last in 8..128 step 8;

  // Branch i hears its neighbours: the finer one halved, the coarser one doubled. (No activation
  // follows: a sum of what left a ReLU is not negative.)
  heard(xs, s, i) = (xs[i] -> cbr(3, width[s, i]))
    + (if i > 0 then xs[i - 1] -> cbr(3, width[s, i], stride: 2))
    + (if i < size(xs) - 1 then xs[i + 1] -> cbr(1, width[s, i]) -> resize(like: xs[i]));

  // The first module of a stage adds the branch that is still missing.
  fuse(xs, s) = {
    old = [i in 0..size(xs)-1 : heard(xs, s, i)];
    return if size(xs) == s then old
           else concat(old, [old[s - 2] -> cbr(3, width[s, s - 1], stride: 2)]);
  };
  module(xs, s) = {
    fused = fuse(xs, s);
    return [i in 0..s-1 : fused[i] -> blocks[s, i] * basic];
  };
  stage(xs, s) = {
    m[0] = xs;
    m[k in 1..modules[s]] = module(m[k - 1], s);
    return m[modules[s]];
  };

  // All branches of a state as one map of 8x8.
  gathered(xs) = concat(i in 0..size(xs)-1) (xs[i] -> resize(8, 8, mode: bilinear));

  network = x => {
    s[0] = [x -> cbr(3, stem[1]) -> cbr(3, stem[2])];
    s[k in 1..4] = stage(s[k - 1], k);
    return record(early: gathered(s[2]) -> tap("before stage 3"),
                  late:  gathered(s[3]) -> tap("before stage 4"),
                  out:   gathered(s[4]) -> cbr(1, last) -> tap("end"));
  };

  // The published code: stem, then by stage modules, blocks and widths of its branches, last.
  encoding join(i in 1..2, ",") (stem[i]) ","
           join(s in 1..4, "") (modules[s] "," join(i in 0..s-1, "") (blocks[s, i] ",")
                                join(i in 0..s-1, "") (width[s, i] ","))
           last;

  max_macs = 13_727_907_840;     // the authors' constant for the size factor
}
