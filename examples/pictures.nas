// A space of one's own, for a folder of photographs and a budget: mobile blocks of varying width,
// depth, kernel and expansion, some with squeeze-and-excite. The network that is scored works on
// 32x32; the one that will be trained works on 128x128, ends in a classifier and may cost 60
// million MACs.
//
//     nasc run examples/pictures.nas images=folder:my_photographs
use eproxy;

param table   = none          "a TSV file: architectures and a metric; without it they are drawn";
param images  = "dead_leaves" "dead_leaves, noise, cifar10:FILE or folder:DIR";
param n       = 30            "how many architectures; more than there are: all";
param sample  = 0             "the seed that draws them";
param repeats = 1             "independent initialisations of each";
param classes = 10            "what the classifier tells apart";

cbr(k, c, stride = 1) = conv(k, c, stride: stride, bias: false) -> batch_norm -> relu;

// Squeeze-and-excite (Hu et al., CVPR 2018): every channel is scaled by what the whole map says.
squeeze = x => x * (x -> global_pool -> dense(max(4, x.channels div 4)) -> relu
                      -> dense(x.channels) -> sigmoid);

// The inverted residual of MobileNetV2 (Sandler et al., CVPR 2018).
mobile(k, expand, c, stride, attend) = x => {
  wide = x -> cbr(1, expand * x.channels)
           -> depthwise(k, stride: stride, bias: false) -> batch_norm -> relu;
  slim = (if attend then wide -> squeeze else wide) -> conv(1, c, bias: false) -> batch_norm;
  return if stride == 1 and x.channels == c then x + slim else slim;
};

space pictures {
  input image[3, 32, 32];

  choice width[s in 1..3] in 16 .. 16 + 16 * s step 8;
  choice depth[s in 1..3] in 1..3;
  choice kernel[s in 1..3] in {3, 5, 7} prior {3, 2, 1};
  choice expand[s in 1..3] in {2, 3, 4};
  choice attend[s in 2..3]: bool prior 0.4;
  choice mixer: bool;                           // an optional last layer

  require width[1] <= width[2] and width[2] <= width[3];
  require macs(full) <= 60M;

  attends(s) = if s == 1 then false else attend[s];
  block(s, stride) = mobile(kernel[s], expand[s], width[s], stride, attends(s));
  stage(s, stride) = block(s, stride) -> chain(b in 2..depth[s]) block(s, 1);

  body(stride) = cbr(3, 16, stride: stride)
              -> stage(1, 1) -> tap("stage 1")
              -> stage(2, 2) -> tap("stage 2")
              -> stage(3, 1)
              -> (if mixer then depthwise(5) -> batch_norm -> relu else identity) -> tap("stage 3");

  network = body(2);
  network full on [3, 128, 128] = body(4) -> cbr(1, 256) -> global_pool -> dense(classes);
  costs full;

  // 2x16k5e2/2x40k5e4/1x64k3e3/attend=false,true/mixer=false
  encoding join(s in 1..3, "/") (depth[s] "x" width[s] "k" kernel[s] "e" expand[s])
           "/attend=" join(s in 2..3, ",") (attend[s]) "/mixer=" mixer;
}

rank if table == none then draw(pictures, n, seed: sample)
                      else rows(table, pictures, n, seed: sample)
  by eproxy(images: images, repeats: repeats);
