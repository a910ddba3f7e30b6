space empty {
  network = relu;
}
