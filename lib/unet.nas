// A U-Net (Ronneberger et al., MICCAI 2015) whose depth, blocks, way up and skips are chosen: down
// by recurrence over the levels, up by one that descends, and at each level the skip is added (after
// a projection, as the widths differ) or joined, or left out.

layer(k, c) = conv(k, c, bias: false) -> batch_norm -> relu;

double(k, c) = layer(k, c) -> layer(k, c);
residual(k, c) = x => { y = x -> layer(k, c) -> conv(k, c, bias: false) -> batch_norm;
                        return (y + (x -> conv(1, c, bias: false) -> batch_norm)) -> relu; };
separable(k, c) = depthwise(k, bias: false) -> batch_norm -> layer(1, c);

// Up to the map of the skip.
stretched(width) = (x, skip) => x -> resize(like: skip, mode: bilinear) -> layer(1, width);
nearest_up(width) = (x, skip) => x -> resize(like: skip) -> layer(3, width);

// What comes up meets what went down.
added(width) = (x, skip) => x + (skip -> conv(1, width, bias: false) -> batch_norm);
joined(width) = (x, skip) => concat(c, x, skip);
alone(width) = (x, skip) => x;

space unet {
  input image[3, 32, 32];

  choice depth in 2..4;                        // levels below the first
  choice base in {8, 12, 16};
  choice kernel in {3, 5};
  choice block[d in 0..depth](k, c) {
    double = double(k, c);
    residual = residual(k, c);
    separable = separable(k, c);
  }
  choice up[d in 0..depth - 1](c) { bilinear = stretched(c); nearest = nearest_up(c); }
  choice skip[d in 0..depth - 1](c) { add = added(c); concat = joined(c); none = alone(c); }

  width(d) = base * 2 ^ min(d, 2);

  body = x => {
    down[0] = x -> block[0](kernel, width(0));
    down[d in 1..depth] = down[d - 1] -> max_pool(2) -> block[d](kernel, width(d));
    level[depth] = down[depth] -> tap("bottom");
    level[d in 0..depth - 1] = {
      y = up[d](width(d))(level[d + 1], down[d]);
      return skip[d](width(d))(y, down[d]) -> layer(3, width(d));
    };
    return level[0];
  };

  network = body -> tap("top");

  // 3x16k5/double-residual-double-separable/bilinear+concat,nearest+none,...
  encoding depth "x" base "k" kernel "/" join(d in 0..depth, "-") (block[d])
           "/" join(d in 0..depth - 1, ",") (up[d] "+" skip[d]);
}
