space s {
  input image[3, 32];
  network = relu;
}
space t {
  input sound[1, 2, 3];
  network = relu;
}
