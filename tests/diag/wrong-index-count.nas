node[i in 0..3] = i;
a = node[1, 2];
node[i in 0..1, j in 0..1] = 3;
