space s {
  input image[3, 8, 8];
  choice width[i in 1..6] in 1..10;
  require width[1] <= 3;
  require sum(i in 1..6) width[i] <= 10;
  require all(i in 3..6) (width[i] >= 4);
  network = chain(i in 1..6) conv(1, width[i]);
}
