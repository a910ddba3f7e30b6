// DARTS on ImageNet's mobile setting (Liu et al., ICLR 2019): two cells of four nodes, each the sum of
// two operations on two different earlier states. Scored is a network on CIFAR's pictures, as narrow
// and shallow as DARTS' own search; `full` is the one that is trained: 14 cells, 48 channels, 224x224,
// and no more than 600 million multiply-adds.
use nds_cells;

space darts_imagenet(channels = 16, layers = 8) {
  input image[3, 32, 32];

  choice op[k in kinds, n in 2..5, s in 0..1](stride) {
    max_pool_3x3 = max_pooled(3, stride);
    avg_pool_3x3 = avg_pooled(3, stride);
    skip_connect = skip(stride);
    sep_conv_3x3 = sep(3, stride);
    sep_conv_5x5 = sep(5, stride);
    dil_conv_3x3 = dil(3, stride);
    dil_conv_5x5 = dil(5, stride);
  }
  choice from[k in kinds, n in 2..5, s in 0..1] in 0..n-1;
  same up to order of s in (op, from);

  make(kind, c, after) = cell(kind, c, after, 2..5, op, from, 2..5);
  network = small(channels, layers, make);
  network full on [3, 224, 224] = large(48, 14, make);
  costs full;

  require all(k in kinds, n in 2..5) (from[k, n, 0] != from[k, n, 1]);
  require macs(full) <= 600M;

  // DARTS' own words, as its search prints them and as its genotypes.py has them.
  encoding "Genotype(" join(k in kinds, ", ")
               (k "=[" join(n in 2..5, ", ") (join(s in 0..1, ", ")
                           ("('" op[k, n, s] "', " from[k, n, s] ")"))
                "], " k "_concat=range(2, 6)") ")";
  encoding "Genotype(" join(k in kinds, ", ")
               (k "=[" join(n in 2..5, ", ") (join(s in 0..1, ", ")
                           ("('" op[k, n, s] "', " from[k, n, s] ")"))
                "], " k "_concat=[2, 3, 4, 5]") ")";
}
