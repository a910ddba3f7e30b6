node[0] = 1;
node[i in 1..3] = node[i - 1];
node[0] = 2;
