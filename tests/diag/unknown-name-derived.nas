use eproxy;
proxy mine(net) {
  use eproxi;
}
