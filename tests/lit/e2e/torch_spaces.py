"""Compares nasc with PyTorch on architectures of the library's spaces, narrow and with few images:

    torch_spaces.py NASC TOOLS ROOT FOLDER [--short] [SPACE ...]

Of each space the first one is awkward: the least or most connected, the deepest, one that is cut in two. The spaces
that come with no table have a third one, at the size of their example, in torch_spaces.test. --short leaves out the last one of each where there are three:
`make check-torch` takes all.
"""
import os
import sys
import time

sys.dont_write_bytecode = True
import torch_agree


def nds(nodes, normal, reduce, concats, depth=6, width=32):
    """The published text of a cell: normal and reduce list operation and state, two of each a node."""
    cell = [", ".join(f'["{op}", {state}]' for op, state in ops) for ops in (normal, reduce)]
    outs = [", ".join(map(str, c)) for c in concats]
    assert len(normal) == len(reduce) == 2 * nodes
    return ('{"aux": false, "depth": %d, "drop_prob": 0.0, "genotype": {"normal": [%s], "normal_concat": [%s], '
            '"reduce": [%s], "reduce_concat": [%s]}, "width": %d}' % (depth, cell[0], outs[0], cell[1], outs[1], width))


def same(nodes, op, state):
    return [(op, state)] * (2 * nodes)


def cycled(nodes, ops, back):
    """Operations in turn; a node reads the state before it and the one so many before."""
    return [(ops[k % len(ops)], max(0, 1 + k // 2 - (back if k % 2 else 0))) for k in range(2 * nodes)]


def nb101(links, *ops):
    matrix = "],[".join(",".join(row) for row in links.split())
    return "[[[%s]],[%s]]" % (matrix, ",".join(f'"{op}"' for op in ("input", *ops, "output")))


def motifs(where="", *ops):
    """Cells of skips alone, but for one motif of these operations on the first edge of a stage."""
    edges = [(f"stage[{s}].cell.edge[{e}]", "motif" if str(s) == where and e == "1,0" else "skip")
             for s in (1, 2, 3) for e in ("1,0", "2,0", "2,1")]
    inner = [(f"stage[{where}].cell.node[1][0].edge[1,0].op[{e}]", op) for e, op in zip(("1,0", "2,0", "2,1"), ops)]
    return ",".join(f"{address}={value}" for address, value in edges + inner)


CONV, ONE, POOL = "conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3"
SEP = ["sep_conv_3x3", "skip_connect", "max_pool_3x3", "avg_pool_3x3", "sep_conv_5x5"]
PAIRS = ["conv_7x1_1x7", "sep_conv_7x7", *SEP]
ALL5, LAST, ENDS = range(2, 7), [6], [5, 6]

SPACES = {
    "nas_bench_101": [
        nb101("01 00"),                                     # no vertex at all
        nb101("0110100 0001001 0000100 0000010 0000010 0000001 0000000", CONV, POOL, ONE, POOL, CONV),
        nb101("01111 00001 00001 00001 00000", CONV, ONE, POOL)],  # 6 channels among three
    "transnas_micro": ["64-41414-0_00_000", "64-41414-3_21_123", "64-41414-1_10_301"],
    "transnas_macro": ["64-441111-basic", "64-111114-basic", "64-2323-basic"],  # two images of one pixel learn chaos
    "nas_bench_mr": ["8,8,1,1,8,1,1,1,8,8,1,1,1,1,8,8,8,1,1,1,1,1,8,8,8,8,8",
                     "16,8,2,2,8,1,1,2,8,16,2,1,1,1,8,8,24,1,2,1,1,1,8,16,8,24,16",
                     "8,24,1,1,16,2,1,1,16,8,1,2,1,2,16,8,8,2,1,1,1,2,16,8,24,8,40"],
    "nds_darts": [nds(4, same(4, "none", 0), same(4, "skip_connect", 0), [range(2, 6)] * 2),
                  nds(4, cycled(4, [*SEP, "dil_conv_3x3", "dil_conv_5x5"], 1), cycled(4, ["none", *SEP], 2),
                      [range(2, 6)] * 2),
                  nds(4, cycled(4, ["dil_conv_5x5", "none", "avg_pool_3x3"], 9),
                      cycled(4, ["skip_connect", "dil_conv_3x3"], 1), [range(2, 6)] * 2)],
    "nds_enas": [nds(5, same(5, "skip_connect", 0), same(5, "max_pool_3x3", 1), [ALL5] * 2),
                 nds(5, cycled(5, SEP, 1), cycled(5, SEP, 0), [LAST] * 2),
                 nds(5, cycled(5, SEP[1:], 0), cycled(5, SEP[2:], 1), [LAST] * 2)],
    "nds_nasnet": [nds(5, same(5, "max_pool_7x7", 0), same(5, "conv_1x1", 1), [ALL5] * 2),
                   nds(5, cycled(5, ["conv_3x1_1x3", "conv_3x3", *SEP], 1), cycled(5, ["conv_1x1", *SEP], 0),
                       [LAST] * 2),
                   nds(5, cycled(5, ["conv_7x1_1x7", "max_pool_5x5", "sep_conv_7x7"], 0),
                       cycled(5, ["dil_conv_3x3", "max_pool_7x7"], 1), [LAST] * 2)],
    "nds_pnas": [nds(5, same(5, "skip_connect", 1), same(5, "skip_connect", 0), [ALL5] * 2),
                 nds(5, cycled(5, PAIRS, 1), cycled(5, SEP, 0), [ALL5] * 2),
                 nds(5, cycled(5, ["dil_conv_3x3", *SEP], 9), cycled(5, PAIRS, 1), [ALL5] * 2)],
    "nds_amoeba": [nds(5, same(5, "skip_connect", 0), same(5, "avg_pool_3x3", 0), [ALL5] * 2),
                   nds(5, cycled(5, PAIRS, 1), cycled(5, ["dil_sep_conv_3x3", *SEP], 0), [LAST] * 2),
                   nds(5, cycled(5, ["dil_sep_conv_3x3", *SEP], 0), cycled(5, PAIRS, 1), [LAST] * 2)],
    "nds_resnet": ['{"block_type": "res_basic_block", "ds": [1, %s], "ss": [8, 1, 2, 2], "ws": [64, %s]}' % x
                   for x in (("8, 1, 1", "16, 17, 19"), ("1, 2, 1", "64, 24, 40"), ("2, 1, 1", "20, 20, 50"))],
    "nds_resnext": ['{"block_type": "res_bottleneck_block", "bot_muls": [1.0, %s], "ds": [1, %s], '
                    '"num_gs": [1, %s], "ss": [8, 1, 2, 2], "ws": [64, %s]}' % x
                    for x in (("0.25, 0.25, 0.25", "8, 1, 1", "4, 4, 4", "16, 16, 16"),
                              ("0.5, 1.0, 0.25", "1, 2, 1", "2, 4, 1", "32, 16, 64"),
                              ("1.0, 0.5, 0.5", "1, 1, 1", "1, 4, 2", "64, 64, 32"))],
    "darts_imagenet": [
        "Genotype(" + ", ".join(f"{kind}=[" + ", ".join(f"('{op}', {s})" for op, s in cell)
                                + f"], {kind}_concat=range(2, 6)" for kind, cell in zip(("normal", "reduce"), cells))
        + ")" for cells in (
            [[("skip_connect", i % 2) for i in range(8)]] * 2,
            [[(("sep_conv_3x3", "dil_conv_5x5", "max_pool_3x3")[i % 3], 1 + i // 2 - i % 2) for i in range(8)],
             [(("skip_connect", "avg_pool_3x3", "sep_conv_3x3")[i % 3], 1 + i // 2 - i % 2) for i in range(8)]],
            [[(("avg_pool_3x3", "sep_conv_5x5")[i % 2], i % 2) for i in range(8)],
             [(("max_pool_3x3", "dil_conv_3x3")[i % 2], 1 - i % 2) for i in range(8)]])],
    "mobile": ["r24/3x32:k7e4-se,k7e4-se,k7e4-se/1x32:k3e2-plain/1x32:k3e2-plain/1x40:k3e2-plain",
               "r24/1x16:k3e2-plain/1x24:k5e3-se/1x32:k3e2-plain/1x72:k7e2-se"],
    "hierarchical": [motifs(), motifs("2", "pool", "none", "sep3")],
    "macro": ["00000000", "20102010"],
    "unet": ["4x8k3/separable-separable-separable-separable-separable/nearest+none,nearest+none,nearest+none,nearest+none",
             "2x8k5/double-residual-separable/bilinear+add,nearest+concat"],
    "patch_transformer": ["p8w48d4:6x4,1x1,2x2,4x1", "p8w96d2:1x1,6x2"],
}


def main():
    nasc, tools, root, folder, *names = [a for a in sys.argv[1:] if a != "--short"]
    most = 2 if "--short" in sys.argv else None
    for name in names or SPACES:
        program = f"{root}/tests/programs/any_space.nas"
        for number, arch in enumerate(SPACES[name][:most]):
            begin = time.process_time()
            said = torch_agree.agree(nasc, tools, os.path.join(root, "lib"), os.path.join(folder, name), program, arch,
                                     [f"name={name}"], as_process=False)
            print(f"{name} {number}: {said} ({time.process_time() - begin:.1f} s)", flush=True)


if __name__ == "__main__":
    main()
