// What the cell spaces of NDS share (Radosavovic et al., "On Network Design Spaces for Visual
// Recognition", ICCV 2019): operations, the cell of two inputs, and the networks built of cells.
// The kinds of cell are "normal" and "reduce"; states 0 and 1 of a cell are its inputs, the output
// of the cell before the last and of the last, the nodes follow from 2.

kinds = ["normal", "reduce"];

conv_op(k, stride) = relu -> conv(k, stride: stride, bias: false) -> batch_norm;
to_width(c) = relu -> conv(1, c, bias: false) -> batch_norm;

// k x 1 after 1 x k, the stride split over both.
conv_pair(k, stride) = relu -> conv((1, k), stride: (1, stride), bias: false)
                    -> conv((k, 1), stride: (stride, 1), bias: false) -> batch_norm;

separable(k, stride, dilation) = relu -> depthwise(k, stride: stride, dilation: dilation, bias: false)
                              -> conv(1, bias: false) -> batch_norm;
sep(k, stride) = separable(k, stride, 1) -> separable(k, 1, 1);
dil_sep(k, stride) = separable(k, stride, 2) -> separable(k, 1, 2);
dil(k, stride) = separable(k, stride, 2);

max_pooled(k, stride) = max_pool(k, stride: stride, pad: same);
avg_pooled(k, stride) = avg_pool(k, stride: stride, pad: same, count_padding: false);

// Nothing, of which x is a part: what is built though no node may read it counts in the sizes.
idle(x) = zero(mean(x));

half(size) = (size + 1) div 2;

// Half the height and width, n channels: two 1x1 convolutions, one on the map shifted by a pixel.
factorised_reduce(n) = relu
  -> (x => concat(c, x -> conv(1, n div 2, stride: 2, bias: false),
                     x -> shift(1) -> conv(1, n - n div 2, stride: 2, bias: false)))
  -> batch_norm;

skip(stride) = if stride == 1 then identity else (x => x -> factorised_reduce(x.channels));
no_op(stride) = if stride == 1 then zero
                else (x => x -> resize(half(x.height), half(x.width)) -> zero);

// The cell: op[kind, n, s] on state from[kind, n, s] is input s of node n. Inputs are brought to c
// channels; outs are the nodes whose outputs are concatenated.
cell(kind, c, after_reduction, nodes, op, from, outs) = (s0, s1) => {
  stride(state) = if kind == "reduce" and state < 2 then 2 else 1;
  state[0] = if after_reduction then s0 -> factorised_reduce(c) else s0 -> to_width(c);
  state[1] = s1 -> to_width(c);
  state[n in nodes] = sum(s in 0..1) (state[from[kind, n, s]]
                                      -> op[kind, n, s](stride(from[kind, n, s])));
  return concat(n in outs) state[n] + idle(state[0]) + idle(state[1]);
};

// depth cells, of which d / 3 and 2 d / 3 reduce and double the width. make(kind, c, after) is a
// cell; `halved` says that the first input has twice the height and width of the second.
cells(width, depth, halved, make) = (s0, s1) => {
  reduces(i) = i >= 0 and (i == depth div 3 or i == 2 * depth div 3);
  width_of(i) = width * 2 ^ count(k in 0..i if reduces(k));
  listen(i) = if i == depth - 1 or reduces(i + 1) then tap("cell") else identity;
  s[-2] = s0;
  s[-1] = s1;
  s[i in 0..depth-1] = (s[i-2], s[i-1])
      -> make(if reduces(i) then "reduce" else "normal", width_of(i),
              if i == 0 then halved else reduces(i - 1))
      -> listen(i);
  return s[depth-1];
};

// As scored: CIFAR's network on a small picture.
small(width, depth, make) = x => {
  stem = x -> conv(3, 3 * width, bias: false) -> batch_norm;
  return (stem, stem) -> cells(width, depth, false, make);
};

// As trained for the tables: ImageNet's, with its stem of three strides and its classifier.
large(width, depth, make) = x => {
  s0 = x -> conv(3, width div 2, stride: 2, bias: false) -> batch_norm
         -> relu -> conv(3, width, stride: 2, bias: false) -> batch_norm;
  s1 = s0 -> relu -> conv(3, width, stride: 2, bias: false) -> batch_norm;
  return (s0, s1) -> cells(width, depth, true, make) -> global_pool -> dense(1000);
};
