// A proxy of the library on NAS-Bench-201 against published values of the same proxy: the Spearman of the report says how
// well the two agree. Without a table, cells are drawn.
use nas_bench_201;
use synflow;
use naswot;
use grad_norm;
use snip;
use zico;
use zen;

param table   = none          "a TSV file: cells and what was published of them";
param column  = none          "its column; left out: the second one";
param which   = "synflow"     "synflow, naswot, grad_norm, snip, zico or zen";
param images  = "dead_leaves" "dead_leaves, noise, cifar10:FILE or folder:DIR";
param n       = 300           "how many cells";
param sample  = 0             "the seed that draws them";

cells = if table == none then draw(nas_bench_201, n, seed: sample)
   else if column == none then rows(table, nas_bench_201, n, seed: sample)
   else rows(table, nas_bench_201, n, seed: sample, metric: column);

rank cells by if which == "synflow" then synflow()
         else if which == "naswot" then naswot(images: images)
         else if which == "grad_norm" then grad_norm(images: images)
         else if which == "snip" then snip(images: images)
         else if which == "zico" then zico(images: images)
         else zen();
