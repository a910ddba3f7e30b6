// A small transformer encoder over patches (Dosovitskiy et al., ICLR 2021), whose patch, width, depth,
// heads and widths of the hidden layers are chosen. A token is a place of the map: what works on one
// token alone is a 1x1 convolution; attention names the places t where it asks and s where it looks.

// Self-attention: a token is the mean of all tokens' values, weighted by how well its query meets
// their keys.
attention(heads) = x => {
  linear = conv(1, x.channels);
  part(y) = unmerge(y, c, head: heads, d: x.channels div heads);
  q = part(merge(x -> linear, t: [h, w]));
  k = part(merge(x -> linear, s: [h, w]));
  v = part(merge(x -> linear, s: [h, w]));
  // [n, head, t, s]
  meet = contract(q, k, d) / sqrt(x.channels div heads) -> softmax(s);
  y = merge(contract(meet, v, s), c: [head, d]);
  return unmerge(y, t, h: x.height, w: x.width) -> linear;
};

gelu = x => x * sigmoid(1.702 * x);

mlp(hidden) = x => x -> conv(1, hidden) -> gelu -> conv(1, x.channels);

// Each half adds to what it reads, normalised.
encoder(heads, ratio) = x => {
  y = x + (x -> layer_norm -> attention(heads));
  return y + (y -> layer_norm -> mlp(ratio * x.channels));
};

space patch_transformer {
  input image[3, 32, 32];

  choice patch in {4, 8};
  choice width in {48, 96, 144};
  choice depth in 2..4;
  choice heads[b in 1..depth] in {1, 2, 3, 4, 6};
  choice ratio[b in 1..depth] in {1, 2, 4};

  tokens = x => x -> conv(patch, width, stride: patch, pad: 0);
  place = x => x + weight(c: x.channels, h: x.height, w: x.width);

  // Listened to in the middle and at the end.
  network = tokens -> place
         -> (chain(b in 1..depth div 2) encoder(heads[b], ratio[b])) -> tap("middle")
         -> (chain(b in depth div 2 + 1..depth) encoder(heads[b], ratio[b]))
         -> layer_norm -> tap("end");

  // p4w96d2:3x2,3x4
  encoding "p" patch "w" width "d" depth ":" join(b in 1..depth, ",") (heads[b] "x" ratio[b]);
}
