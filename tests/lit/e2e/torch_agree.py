"""Compares nasc with PyTorch on one architecture:

    torch_agree.py NASC TOOLS LIB FOLDER PROGRAM ARCHITECTURE [NAME=VALUE ...]

The exported script is run in double and in float. In double the reference executor has to agree with it to 1e-10 at
the first step, 1e-3 at the last, and every parameter after one update to 1e-8 of its tensor's largest value. In
float the kernels have to agree to 1e-5 at the first step.
"""
import array
import importlib.util
import json
import os
import subprocess
import sys

import torch


def output(*command, **kw):
    done = subprocess.run(command, capture_output=True, text=True, **kw)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


def last_losses(text):
    return json.loads(text.strip().splitlines()[-1])["losses"]


def relative(a, b):
    return abs(a - b) / max(abs(a), abs(b))


def load(path):
    spec = importlib.util.spec_from_file_location("net", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def trained(script, double, steps):
    """Losses and trained parameters (name, tensor) of the first repeat, computed in this process."""
    script.DTYPE = torch.float64 if double else torch.float32
    with open(os.path.join(os.path.dirname(script.__file__), script.DATA), "rb") as f:
        tensors = torch.frombuffer(bytearray(f.read()), dtype=torch.float32)
    weights = script.load(script.WEIGHTS[0], tensors, script.DTYPE)
    losses = script.train(script.load(script.INPUTS, tensors, script.DTYPE), weights, steps)
    return losses, [(n, t.detach().flatten()) for n, (kind, t) in weights.items() if kind == "param"]


def compare_parameters(path, torch_params):
    """The gradient of a bias in front of a batch norm is rounding: where the tensor is nothing else, it may differ."""
    values = array.array("d")
    with open(path, "rb") as f:
        values.frombytes(f.read())
    at, worst = 0, 0.0
    for name, t in torch_params:
        mine = torch.tensor(values[at:at + t.numel()], dtype=torch.float64)
        at += t.numel()
        largest = float(t.abs().max())
        if largest < 1e-14 and float(mine.abs().max()) < 1e-14:
            continue
        worst = max(worst, float((mine - t).abs().max()) / largest)
        assert worst < 1e-8, ("parameter", name, worst)
    assert at == len(values), (at, len(values))
    return worst


def agree(nasc, tools, lib, folder, program, arch, settings, as_process=True):
    """Exits by an assertion where the two differ; the differences as a line of text. The script in double is a process of
    its own, as users run it, or, where many are compared, computed here."""
    torch.set_num_threads(1)
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "net.py")
    output(nasc, "export", program, arch, *settings, "--to", "pytorch", "-o", path)
    script = load(path)
    if as_process:
        in_double = last_losses(output(sys.executable, path, "--double"))[0]
    else:
        in_double, _ = trained(script, True, script.STEPS)
    in_float, _ = trained(script, False, 1)
    reference = last_losses(output(nasc, "score", program, arch, *settings, "--reference", "--double", "--json"))[0]
    kernels = last_losses(output(nasc, "score", program, arch, *settings, "--json"))[0]
    assert len(in_double) == len(reference) == len(kernels) == script.STEPS
    first, last = relative(in_double[0], reference[0]), relative(in_double[-1], reference[-1])
    assert first < 1e-10, ("double, first step", in_double[0], reference[0])
    assert last < 1e-3, ("double, last step", in_double, reference)
    single = relative(in_float[0], kernels[0])
    assert single < 1e-5, ("float, first step", in_float[0], kernels[0])
    assert in_double[-1] != in_double[0], ("nothing is trained", in_double)
    dump = os.path.join(folder, "params")
    output(os.path.join(tools, "reference_params"), "2", dump, program, *settings, "--", arch,
           env=dict(os.environ, NASC_LIB=lib))
    before, after = trained(script, True, 1)[1], trained(script, True, 2)[1]
    worst = compare_parameters(dump, after)
    moved = sum(bool((a != b).any()) for (_, a), (_, b) in zip(after, before))
    assert moved > len(after) / 2, ("parameters that moved", moved, len(after))
    return f"first {first:.1e} last {last:.1e} float {single:.1e} parameters {worst:.1e} of {len(after)}"


def main():
    nasc, tools, lib, folder, program, arch, *settings = sys.argv[1:]
    print(agree(nasc, tools, lib, folder, program, arch, settings))


if __name__ == "__main__":
    main()
