"""Compares nasc with PyTorch at full size, an architecture of each space that an example ranks:

    torch_full.py NASC ROOT [SPACE ...]

The example's own settings are taken, with its widths, images, batch and steps, and the first architecture drawn from
its space. At the first step the kernels' loss, in float, may be 5e-5 from the exported script's in double: Winograd
convolutions round more than direct ones, 1.3e-5 against 3e-6 in a network of NAS-Bench-MR. After one
update it may be 2e-2 from the script's in float. What becomes of rounding by the last step is chaos in some networks,
whose loss rises at first (the cells of ENAS: 0.4), so it is shown. All are run before any fails.
"""
import glob
import os
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import torch
import torch_agree

FIRST, SECOND = 5e-5, 2e-2


def compare(nasc, program, folder):
    """A line of text, and what is wrong, or None."""
    arch = torch_agree.output(nasc, "sample", program, "-n", "1").splitlines()[0]
    path = os.path.join(folder, "net.py")
    torch_agree.output(nasc, "export", program, arch, "-o", path)
    script = torch_agree.load(path)
    begin = time.process_time()
    theirs, _ = torch_agree.trained(script, False, script.STEPS)
    seconds = time.process_time() - begin
    (exact,), _ = torch_agree.trained(script, True, 1)
    ours = torch_agree.last_losses(torch_agree.output(nasc, "score", program, arch, "--json", "--quiet"))[0]
    assert len(ours) == len(theirs) == script.STEPS
    first, their_first = torch_agree.relative(ours[0], exact), torch_agree.relative(theirs[0], exact)
    apart = [torch_agree.relative(a, b) for a, b in zip(ours, theirs)]
    said = (f"first step {first:.1e} from double, PyTorch {their_first:.1e}; second {apart[1]:.1e} "
            f"and all {script.STEPS} steps {max(apart):.1e} apart, "
            f"loss {theirs[0]:.4f} to {theirs[-1]:.4f} (PyTorch {seconds:.0f} s)")
    wrong = first > FIRST or not apart[1] < SECOND or theirs[0] == theirs[-1]
    return said, (ours, theirs, exact) if wrong else None


def main():
    nasc, root, *names = sys.argv[1:]
    os.environ["NASC_LIB"] = os.path.join(root, "lib")
    torch.set_num_threads(1)
    spaces = {os.path.basename(path) for path in glob.glob(os.path.join(root, "lib", "*.nas"))}
    failed = {}
    for program in sorted(glob.glob(os.path.join(root, "examples", "*.nas"))):
        name = os.path.basename(program)
        if name not in spaces or names and name[:-4] not in names:
            continue
        with tempfile.TemporaryDirectory() as folder:
            said, wrong = compare(nasc, program, folder)
        print(f"{name[:-4]}: {said}", flush=True)
        if wrong:
            failed[name] = wrong
    assert not failed, failed


if __name__ == "__main__":
    main()
