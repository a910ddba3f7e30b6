// What both spaces of TransNAS-Bench-101 (Duan et al., CVPR 2021) are built of. No convolution has a
// bias; batch norms have scale and shift.

rcb(k, c, stride = 1) = relu -> conv(k, c, stride: stride, bias: false) -> batch_norm;

stem = conv(3, 32, stride: 2, bias: false) -> batch_norm -> rcb(3, 64, stride: 2);

// The map one pixel up and left, zeros following.
shifted = x => {
  up = concat(h, take(x, h: 1 .. x.height - 1), zero(take(x, h: 0..0)));
  return concat(w, take(up, w: 1 .. x.width - 1), zero(take(up, w: 0..0)));
};

// Half of the channels from the map as it is, half from the map shifted by a pixel.
factorized_reduce(width, stride) = x => {
  r = relu(x);
  half = conv(1, width div 2, stride: stride, bias: false);
  return concat(c, r -> half, r -> shifted -> half) -> batch_norm;
};

skip(width, stride) = x => if stride == 1 and width == x.channels then x
                           else x -> factorized_reduce(width, stride);

// Zeros of the shape that the other operations have.
blank(width, stride) = x => {
  low = take(x, h: 0 .. (x.height - 1) div stride);
  small = zero(take(low, w: 0 .. (x.width - 1) div stride));
  return concat(k in 1..width div x.channels) small;
};
