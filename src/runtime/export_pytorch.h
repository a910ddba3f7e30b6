/* Writes a candidate's whole training run as a PyTorch program: an independent judge of losses and
 * gradients, and the other side of every speed comparison. */
#ifndef NASC_RUNTIME_EXPORT_PYTORCH_H
#define NASC_RUNTIME_EXPORT_PYTORCH_H

#include "runtime/scorer.h"

typedef struct PytorchExport {
    const IrModule *canonical; /* roots: the loss if trained, then the measures */
    const PlanUpdate *updates;
    size_t nupdates;
    const ProxyBuild *build;
    const RunValues *run;
    uint64_t seed;
    int64_t repeats;
    const char *arch, *data_name; /* data_name: the raw file's name, looked for beside the script */
} PytorchExport;

/* script: Python that needs only torch. data: every tensor as little-endian float32, images and
 * targets first, then the initial weights of each repeat. False with err: an op that PyTorch code
 * cannot be written for. */
bool export_pytorch(const PytorchExport *x, Buf *script, Buf *data, NascError *err);

#endif
