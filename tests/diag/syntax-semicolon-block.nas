f = x => { y = x
  return y };
g = 3;
