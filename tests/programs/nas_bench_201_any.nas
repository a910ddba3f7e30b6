// NAS-Bench-201 with as many cells a stage and as wide a stem as wanted, under Eproxy with any decay.
use eproxy;

param cells = 1 "cells a stage";
param stem = 8 "channels of the first stage";
param decay = 4e-5 "weight decay";
param images = "dead_leaves" "image source";

nor_conv(k) = relu -> conv(k) -> batch_norm(affine: false);
halve(c) = (relu -> conv(3, c, stride: 2, bias: false) -> batch_norm
         -> relu -> conv(3, c, bias: false) -> batch_norm)
         + (avg_pool(2) -> conv(1, c, bias: false));

space any_bench {
  input image[3, 32, 32];
  choice edge[j in 1..3, i in 0..j-1] {
    none = zero;  skip_connect = identity;  nor_conv_1x1 = nor_conv(1);  nor_conv_3x3 = nor_conv(3);
    avg_pool_3x3 = avg_pool(3, stride: 1, count_padding: false);
  }
  cell = x => {
    node[0] = x;
    node[j in 1..3] = sum(i in 0..j-1) edge[j, i](node[i]);
    return node[3];
  };
  network = conv(3, stem, bias: false) -> batch_norm
         -> cells * cell -> tap("stage 1")
         -> halve(2 * stem) -> cells * cell -> tap("stage 2")
         -> halve(4 * stem) -> cells * cell -> tap("stage 3");
  encoding join(j in 1..3, "+") ("|" join(i in 0..j-1, "|") (edge[j, i] "~" i) "|");
}

rank draw(any_bench, 4) by eproxy(images: images, decay: decay);
