// One ranking over several spaces: cells of NAS-Bench-201, rows of its table if one is given, chains of
// layers, and two networks drawn by hand, which have nothing to choose. They are scored by the same
// proxy on the same images, so that their scores may stand side by side; those without an accuracy are
// left out where the proxy is compared with it.
//
//     nasc run examples/several_spaces.nas table=cifar10_valid.tsv
use nas_bench_201;
use macro;
use eproxy;

param table   = none          "a TSV file: cells and their accuracy; without it cells are drawn";
param images  = "dead_leaves" "dead_leaves, noise, cifar10:FILE or folder:DIR";
param n       = 8             "how many cells, and how many chains";
param sample  = 0             "the seed that draws them";
param repeats = 1             "independent initialisations of each";

unit(c, stride) = conv(3, c, stride: stride, bias: false) -> batch_norm -> relu;

// Three stages of residual layers; the proxy listens at the end of each.
space residual(width = 16) {
  input image[3, 32, 32];
  layer(c) = x => x + (x -> unit(c, 1) -> conv(3, c, bias: false) -> batch_norm) -> relu;
  network = chain(s in 0..2) (unit(width * 2 ^ s, if s == 0 then 1 else 2) -> 2 * layer(width * 2 ^ s) -> tap);
}

cells = if table == none then draw(nas_bench_201, n, seed: sample) else rows(table, nas_bench_201, n, seed: sample);

rank [cells, draw(macro, n, seed: sample), residual, residual(width: 32)]
  by eproxy(images: images, repeats: repeats);
