/* Gradient rules of linear algebra: there are none. Their gradients are matrix products that no op
 * of the table makes; leaving the wish open tells the user so. */
#include "ir/grad.h"

GRAD_RULE(gram) {
    (void)g, (void)r, (void)grad, (void)grads;
}
GRAD_RULE(eigenvalues) {
    (void)g, (void)r, (void)grad, (void)grads;
}
GRAD_RULE(logdet) {
    (void)g, (void)r, (void)grad, (void)grads;
}
