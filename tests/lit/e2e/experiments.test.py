"""The arithmetic of the tables against closed forms, and every program of an experiment is there."""
import importlib.util
import pathlib
import sys

sys.dont_write_bytecode = True
path = pathlib.Path(sys.argv[1])
spec = importlib.util.spec_from_file_location("measure", path)
measure = importlib.util.module_from_spec(spec)
spec.loader.exec_module(measure)

assert measure.ranks([3.0, 1.0, 3.0, 2.0]) == [2.5, 0.0, 2.5, 1.0]
assert measure.spearman([1, 2, 3, 4], [10, 20, 30, 25]) == 0.8  # 1 - 6 * 2 / (4 * 15)
assert abs(measure.spearman([1, 2, 2, 3], [1, 2, 3, 4]) - 0.9486832980505138) < 1e-12  # 3 / sqrt(10)

for full in (False, True):
    for name, (program, args, _) in measure.experiments(full).items():
        text = (path.parent / program).read_text()
        for arg in args:
            assert "param " + arg.split("=")[0] + " " in text, (name, arg)
