/* Writes a network as a PyTorch module that can be trained for a task: weights drawn as nasc would draw them (by
 * PyTorch's generator), batch norms with running statistics, global pooling and a classifier behind it. */
#ifndef NASC_RUNTIME_EXPORT_NETWORK_H
#define NASC_RUNTIME_EXPORT_NETWORK_H

#include "base/buf.h"
#include "ir/passes.h"

/* `network` as space_network builds it, for a batch of more than one image: its input is the image, its first root
 * the features, [n, c, h, w] or [n, c]. Python that needs only torch and takes any batch. False with err: an op
 * that PyTorch code cannot be written for. */
bool export_network(const IrModule *network, const char *arch, Buf *script, NascError *err);

#endif
