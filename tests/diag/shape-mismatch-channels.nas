// Images of three channels are no input of a network that declares one.
proxy fixed(net) {
  per run { x = batch("noise", 4, like: [3, 16, 16]); }
  per architecture { shared m = net; }
  measure size = mean((x -> m).out ^ 2);
  score = size;
}

space colour { input image[3, 16, 16]; choice k in {1, 3}; network = conv(k, 8); }
space grey { input image[1, 16, 16]; network = conv(3, 8); }

rank [draw(colour, 2), grey] by fixed;
