// A space of nobody's, and three formats that nobody published.
use eproxy;

param table  = "cells.tsv" "the table";
param by_format = "columns" "how its rows are read";
param metric = "metric"    "what it is compared with";

kinds = ["head", "tail"];

space chain_of_two {
  input image[3, 16, 16];
  choice width in {4, 8, 12};
  choice op[k in kinds, i in 0..1] { none = zero; conv = conv(3) -> batch_norm; pool = avg_pool(3, stride: 1); }
  choice wide: bool;
  choice marks subset of {one, two};
  one = 1;
  two = 2;
  cell(k) = x => x + sum(i in 0..1) op[k, i](x);
  network = conv(3, width * (if wide then 2 else 1)) -> cell("head") -> cell("tail");

  // Two columns together name the architecture: `12w`, `conv.none/pool.pool`.
  format columns(row) {
    parts = split(row.cells, "/");
    number = split(row.width, "w");
    op["head", i] = split(parts[0], ".")[i];
    op["tail", i] = split(parts[1], ".")[i];
    width = number_of(number[0]);
    wide = row.wide == "yes";
    marks = json(row.marks);
    require size(number) == 2 and number[1] == "";
    metric = row.acc;
  }

  // Nested lists, and a field that says again how many convolutions there are.
  format nested(row) {
    op[k, i] = row.arch.cells[position(k, kinds)][i].op;
    width = row.arch["width"];
    wide = row.arch.wide;
    marks = [];
    require row.arch.convolutions == count(k in kinds, i in 0..1 if op[k, i] == "conv");
    metric = -last(row.errors);
    first_error = row.errors[0];
  }
}

// Outside the space: by its own notation, out of a key.
format keyed(row) of chain_of_two {
  ops = split(row.key, "-");
  encoding "width=" row.value.w ",op[head,0]=" ops[0] ",op[head,1]=" ops[1]
           ",op[tail,0]=none,op[tail,1]=none,wide=false,marks=-";
  metric = row.value.acc;
}

rank rows(table, chain_of_two, 100, format: by_format, metric: metric) by eproxy();
