// Every proxy of the library that looks inside a network, on a small relative of NAS-Bench-201.
use synflow;  use naswot;  use grad_norm;  use snip;  use zico;  use zen;  use gennas;

param images = "dead_leaves" "image source";

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

// The same function twice: the second network also has a ReLU that reaches no output.
space twins {
  input image[3, 8, 8];
  choice twin { one = relu; two = relu + (relu -> zero); }
  network = conv(3, 4, bias: false) -> twin;
}

proxy brightness(net) {
  per run { x = batch("noise", 4, like: net.input); }
  per architecture { shared m = net; }
  measure level = mean((x -> m).out);
  score = level;
}

// The labels of a batch, added up.
proxy marks(net, images, precision = "double") {
  per run { x = batch(images, 2, like: net.input);  class = labels(x); }
  per architecture { shared m = net with init: w => 0 * w; }
  measure total = sum(class) + sum((x -> m).out);
  score = total;
}

nets = list(small, ["conv3+skip,conv1", "conv1+none,conv3", "skip+conv3,none"]);
rank nets by synflow;
rank nets by naswot(images: images, count: 6);
rank nets by grad_norm(images: images, count: 6);
rank nets by snip(images: images, count: 6);
rank nets by zico(images: images, count: 3);
rank nets by zen(count: 3);
rank draw(twins, 2) by naswot(images: images, count: 6);
rank draw(twins, 2) by brightness;
rank draw(twins, 1) by marks(images: images);
rank nets by gennas(count: 4, steps: 5, width: 16);
