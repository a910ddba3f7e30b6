// What the residual spaces of NDS share (Radosavovic et al., "On Network Design Spaces for Visual
// Recognition", ICCV 2019): blocks whose shortcut is a convolution where the shape changes.

cbr(k, c, stride = 1, groups = 1) =
    conv(k, c, stride: stride, groups: groups, bias: false) -> batch_norm -> relu;

shortcut(c, stride) = x => if stride == 1 and x.channels == c then x
                           else x -> conv(1, c, stride: stride, bias: false) -> batch_norm;

basic(c, stride) = x => (x -> cbr(3, c, stride) -> conv(3, c, bias: false) -> batch_norm)
                      + (x -> shortcut(c, stride)) -> relu;

bottleneck(c, inner, groups, stride) = x =>
    (x -> cbr(1, inner) -> cbr(3, inner, stride, groups) -> conv(1, c, bias: false) -> batch_norm)
  + (x -> shortcut(c, stride)) -> relu;

// Three strides, as the tables count them.
imagenet_stem = cbr(3, 32, 2) -> cbr(3, 64, 2) -> cbr(3, 64, 2);
