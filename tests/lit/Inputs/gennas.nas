// GenNAS on a small relative of NAS-Bench-201.
use gennas;

nor_conv(k) = relu -> conv(k) -> batch_norm(affine: false);

space small {
  input image[3, 16, 16];
  choice edge[j in 1..2, i in 0..j-1] {
    none = zero;  skip = identity;  conv1 = nor_conv(1);  conv3 = nor_conv(3);
  }
  cell = x => {
    node[0] = x;
    node[j in 1..2] = sum(i in 0..j-1) edge[j, i](node[i]);
    return node[2];
  };
  network = conv(3, 8, bias: false) -> batch_norm -> cell -> conv(3, 16, stride: 2) -> batch_norm -> cell;
  encoding join(j in 1..2, "+") (join(i in 0..j-1, ",") (edge[j, i]));
}

rank list(small, ["conv3+skip,conv1"]) by gennas(count: 4, steps: 5, width: 16);
