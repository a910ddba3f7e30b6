// TransNAS-Bench-101, macro space (Duan et al., CVPR 2021): four to six layers of two residual blocks,
// each layer with its own stride and width; one to four layers halve the map, one to three double the
// channels. Peculiar: the depth is not said in the name but follows from its length. As Eproxy scores
// it (arXiv 2210.09459): a 32x32 image becomes 8x8 in the stem.
use transnas_layers;

// A residual block of two convolutions; the shortcut changes shape where the block does.
basic(c, stride) = x => (x -> rcb(3, c, stride) -> rcb(3, c))
                      + (if stride == 1 and c == x.channels then x
                         else x -> conv(1, c, stride: stride, bias: false) -> batch_norm);

space transnas_macro {
  input image[3, 32, 32];

  choice depth in 4..6;
  choice layer[i in 1..depth] {
    "1" = record(stride: 1, widen: 1);
    "2" = record(stride: 1, widen: 2);
    "3" = record(stride: 2, widen: 1);
    "4" = record(stride: 2, widen: 2);
  }
  require count(i in 1..depth if layer[i].stride == 2) in 1..4;
  require count(i in 1..depth if layer[i].widen == 2) in 1..3;

  stage(l) = x => x -> basic(l.widen * x.channels, l.stride) -> basic(l.widen * x.channels, 1);

  network = stem -> chain(i in 1..depth)
                    (stage(layer[i]) -> (if i > depth - 3 then tap("layer") else identity));

  encoding "64-" join(i in 1..depth, "") (layer[i]) "-basic";

  max_macs = 1_505_384_448;     // the authors' constant for the size factor
}
