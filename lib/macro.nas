// A chain of layers, each of one of three kinds, as NAS-Bench-Macro (Su et al., CVPR 2021) has them:
// identity, or an inverted residual with kernel 3 and expansion 3, or with kernel 5 and expansion 6.
// An architecture is a digit a layer. Layers that change the width or halve the map project where
// the digit is 0.

inverted(k, expand, c, stride) = x => {
  y = x -> conv(1, expand * x.channels, bias: false) -> batch_norm -> relu6
        -> depthwise(k, stride: stride, bias: false) -> batch_norm -> relu6
        -> conv(1, c, bias: false) -> batch_norm;
  return if stride == 1 and x.channels == c then x + y else y;
};

// Digit 0: nothing, or what must be done to reach the next shape.
pass(c, stride) = x =>
  if stride == 1 and x.channels == c then x
  else x -> conv(1, c, stride: stride, bias: false) -> batch_norm;

space macro {
  input image[3, 32, 32];

  choice layer[i in 0..7](c, stride) {
    "0" = pass(c, stride);
    "1" = inverted(3, 3, c, stride);
    "2" = inverted(5, 6, c, stride);
  }

  widths = [32, 64, 128];
  firsts = [0, 2, 5];                 // the layers with which the three stages begin
  stage(s, last) = chain(i in firsts[s]..last)
                     layer[i](widths[s], if i == firsts[s] and s > 0 then 2 else 1);

  network = conv(3, 32, bias: false) -> batch_norm -> relu6
         -> stage(0, 1) -> tap("stage 1")
         -> stage(1, 4) -> tap("stage 2")
         -> stage(2, 7) -> tap("stage 3");

  encoding join(i in 0..7, "") (layer[i]);
}
