// Ten points of a billion are within the constraint.
use eproxy;

space points {
  input image[3, 8, 8];
  choice w[i in 1..9] in 1..10;
  require all(i in 1..8) (w[i] < w[i + 1]);
  network = chain(i in 1..9) conv(1, w[i]);
  encoding join(i in 1..9, ",") (w[i]);
}

rank draw(points, 3) by eproxy();
rank list(points, ["1,2,3,4,5,6,7,8,9"]) by eproxy();
