block = x => {
  choice k in {1, 3};
  return x -> conv(k, 4);
};

space bodies {
  input image[3, 8, 8];
  network = block -> block;
}
