// NAS-Bench-101 (Ying et al., ICML 2019): a cell that is any acyclic graph of at most seven vertices and
// nine edges, in three stacks of three. Peculiar: the wiring itself is chosen; a vertex off every path
// from input to output is cut away; widths follow from the wiring: the vertices wired to the output
// share its channels, any other is as wide as the widest vertex that it feeds. No classifier.

cbr(k, c) = conv(k, c, bias: false) -> batch_norm -> relu;
same_cbr(k) = x => x -> cbr(k, x.channels);

// What part i of n gets of c channels: as much as the others, the first ones one more.
share(c, n, i) = c div n + (if i < c mod n then 1 else 0);

space nas_bench_101(stem = 128) {
  input image[3, 32, 32];

  choice vertices in 2..7;                              // 0 is the input, the last one the output
  last = vertices - 1;
  choice link[u in 0..last-1, v in u+1..last] { "0" = false; "1" = true; }
  choice op[v in 1..last-1] {
    "conv3x3-bn-relu" = same_cbr(3);
    "conv1x1-bn-relu" = same_cbr(1);
    "maxpool3x3"      = max_pool(3, stride: 1);
  }

  reached[v in 0..last] = v == 0 or any(u in 0..v-1) (reached[u] and link[u, v]);
  reaches[v in 0..last] = v == last or any(w in v+1..last) (link[v, w] and reaches[w]);
  alive[v in 0..last] = reached[v] and reaches[v];

  require alive[0];
  require count(link) <= 9;

  same up to isomorphism of (vertices, link, op) if alive;

  cell(c) = x => {
    outs = [v in 1..last-1 if alive[v] and link[v, last]];
    width[v in 1..last-1 if alive[v]] =
      if link[v, last] then share(c, size(outs), position(v, outs))
                       else max(w in v+1..last-1 if alive[w] and link[v, w]) width[w];
    node[v in 1..last-1 if alive[v]] =
      (sum(u in 1..v-1 if alive[u] and link[u, v]) (node[u] -> first(width[v]))
       + (if link[0, v] then x -> cbr(1, width[v]))) -> op[v];
    return (concat(v in outs) node[v]) + (if link[0, last] then x -> cbr(1, c));
  };

  network = cbr(3, stem) -> 3 * cell(stem) -> tap("stack 1")
         -> max_pool(2)  -> 3 * cell(2 * stem) -> tap("stack 2")
         -> max_pool(2)  -> 3 * cell(4 * stem) -> tap("stack 3");

  // [[[0,1,1],[0,0,1],[0,0,0]],["input","maxpool3x3","output"]]
  encoding "[["
           join(u in 0..last-1, "") ("[" join(v in 0..u, "") ("0,")
                                         join(v in u+1..last, ",") (link[u, v]) "],")
           "[" join(v in 0..last, ",") ("0") "]],"
           "[\"input\"," join(v in 1..last-1, "") ("\"" op[v] "\",") "\"output\"]]";

  max_macs = 7_218_069_504;     // at stem 128: the authors' constant for the size factor
}
