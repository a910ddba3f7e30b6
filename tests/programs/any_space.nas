// Any space of the library, under a proxy that is small enough to be repeated in double precision: few images, narrow
// heads, few steps.
use darts_imagenet as a;
use hierarchical as b;
use macro as c;
use mobile as d;
use nas_bench_101 as e;
use nas_bench_mr as f;
use nds_amoeba as g;
use nds_darts as h;
use nds_enas as i;
use nds_nasnet as j;
use nds_pnas as k;
use nds_resnet as l;
use nds_resnext as m;
use patch_transformer as n;
use transnas_macro as o;
use transnas_micro as p;
use unet as q;
use eproxy;

param name = "macro" "the space";

spaces = record(
  darts_imagenet: a.darts_imagenet(channels: 4, layers: 3),
  hierarchical: b.hierarchical,
  macro: c.macro,
  mobile: d.mobile,
  nas_bench_101: e.nas_bench_101(stem: 6),
  nas_bench_mr: f.nas_bench_mr,
  nds_amoeba: g.nds_amoeba,
  nds_darts: h.nds_darts,
  nds_enas: i.nds_enas,
  nds_nasnet: j.nds_nasnet,
  nds_pnas: k.nds_pnas,
  nds_resnet: l.nds_resnet,
  nds_resnext: m.nds_resnext,
  patch_transformer: n.patch_transformer,
  transnas_macro: o.transnas_macro,
  transnas_micro: p.transnas_micro,
  unet: q.unet);

rank draw(spaces[name], 2)
  by eproxy(count: 2, steps: 3, taps: 2, size: 4, lr: 0.1, head_width: i => 8, barrier_width: i => 8);
