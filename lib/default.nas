// The proxy of a program that names none, by its file and name.
use eproxy;
