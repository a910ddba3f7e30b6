// What proxies share that look at the gradients of a classification loss: the classifier behind the
// network, and the loss of a batch whose classes are given as ones and zeros [n, c].

classifier(classes) = batch_norm -> relu -> global_pool -> dense(classes);

one_hot(x, classes) = axis(c: 0..classes-1) == labels(x, classes: classes);

cross_entropy(y, hot) = mean(log(sum(exp(y), c)) - sum(y * hot, c));

// The weights of convolutions and dense layers on the way to a result.
kernels(y) = [p in parameters(y) if p.role == "weight" : p];

norm(t) = sqrt(sum(t ^ 2));
