use eproxy;

space three { input image[3, 8, 8]; choice width in {4, 8, 16}; network = conv(3, width); }
space one { input image[3, 8, 8]; network = conv(3, 8); }

rank [rows("a.tsv", three), rows("b.tsv", one, better: smaller)] by eproxy;
rank [rows("a.tsv", three, metric: "top1"), rows("b.tsv", one, metric: "top5")] by eproxy;
