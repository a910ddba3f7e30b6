// Networks like MobileNetV3 (Howard et al., ICCV 2019), for small pictures: inverted residuals whose
// kernel, expansion and squeeze-and-excite are chosen layer by layer, stages of one to three layers,
// widths that are multiples of 8, and the size of the picture itself.

// Squeeze-and-excite (Hu et al., CVPR 2018): the whole map scales every channel.
squeeze = x => x * (x -> global_pool -> dense(max(8, x.channels div 4)) -> relu
                      -> dense(x.channels) -> hard_sigmoid);

// The inverted residual: wider, filtered one channel at a time, narrow again.
inverted(k, expand, excite, c, stride, act) = x => {
  wide = x -> conv(1, expand * x.channels, bias: false) -> batch_norm -> act
           -> depthwise(k, stride: stride, bias: false) -> batch_norm -> act;
  slim = wide -> excite -> conv(1, c, bias: false) -> batch_norm;
  return if stride == 1 and x.channels == c then x + slim else slim;
};

space mobile {
  choice r in {24, 32, 40};                     // height and width of the picture
  choice width[s in 1..4] in 8 * (s + 1) .. 16 * (s + 1) step 8;
  choice depth[s in 1..4] in 1..3;

  // The layers that are there, and only those, have decisions.
  choice kernel[s in 1..4, b in 1..depth[s]] in {3, 5, 7};
  choice expand[s in 1..4, b in 1..depth[s]] in {2, 3, 4};
  choice excite[s in 1..4, b in 1..depth[s]] { plain = identity; se = squeeze prior 0.4; }

  require all(s in 1..3) (width[s] <= width[s + 1]);

  input image[3, 32, 32];

  act(s) = if s <= 2 then relu else hard_swish; // the cheap one where maps are large
  block(s, b) = inverted(kernel[s, b], expand[s, b], excite[s, b], width[s],
                         if b == 1 and s > 1 then 2 else 1, act(s));
  stage(s) = chain(b in 1..depth[s]) block(s, b);

  network on [3, r, r] = conv(3, 16, bias: false) -> batch_norm -> hard_swish
                      -> stage(1) -> stage(2) -> tap("stage 2")
                      -> stage(3) -> tap("stage 3")
                      -> stage(4) -> tap("stage 4");

  // r32/2x16:k3e2-plain,k5e4-se/1x40:...
  encoding "r" r join(s in 1..4, "") ("/" depth[s] "x" width[s] ":" join(b in 1..depth[s], ",")
           ("k" kernel[s, b] "e" expand[s, b] "-" excite[s, b]));
}
