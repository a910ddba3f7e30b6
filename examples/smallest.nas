// The smallest complete program: a space of six networks, and their ranking by Eproxy.
use eproxy;

space six {
  input image[3, 32, 32];
  choice width in {8, 16, 32};
  choice op { conv = conv(3); pool = max_pool(3, stride: 1); }
  network = conv(3, width, stride: 4) -> batch_norm -> relu -> op -> batch_norm;
}

rank draw(six, 6) by eproxy();
